/** How a nocloud image boots. */
export const KERNEL_COMMAND_LINE =
  'talos.platform=nocloud console=tty1 console=ttyS0 net.ifnames=0 init_on_alloc=1 slab_nomerge= pti=on consoleblank=0 selinux=1 module.sig_enforce=1'
