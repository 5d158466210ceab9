"""What programs may ask of the kernel that have no capabilities, by what it is about."""

FILES = """
    access cachestat chdir chmod chown close close_range copy_file_range creat dup dup2 dup3
    faccessat faccessat2 fadvise64 fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync
    fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd
    getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1
    inotify_rm_watch lchown lgetxattr link linkat listmount listxattr listxattrat llistxattr
    lremovexattr lseek lsetxattr lstat mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open
    openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink
    readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile setxattr
    setxattrat splice stat statfs statmount statx symlink symlinkat sync sync_file_range syncfs tee
    truncate umask unlink unlinkat utime utimensat utimes vmsplice write writev
"""
MEMORY = """
    brk madvise map_shadow_stack membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect
    mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
"""
PROCESSES = """
    arch_prctl capget capset execve execveat exit exit_group fork get_robust_list get_thread_area
    getcpu getegid geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getrandom
    getresgid getresuid getrlimit getrusage getsid gettid getuid ioprio_get ioprio_set kill
    landlock_add_rule landlock_create_ruleset landlock_restrict_self lsm_get_self_attr
    lsm_list_modules pidfd_open pidfd_send_signal prctl prlimit64 process_vm_readv process_vm_writev
    ptrace restart_syscall riscv_hwprobe rseq rt_sigaction rt_sigpending rt_sigprocmask
    rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
    sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield seccomp set_robust_list set_thread_area set_tid_address setfsgid
    setfsuid setgid setgroups setpgid setpriority setregid setresgid setresuid setreuid setrlimit
    setsid setuid sigaltstack signalfd signalfd4 sysinfo tgkill tkill uname vfork wait4 waitid
"""
TIME_AND_WAITING = """
    adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep epoll_create
    epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 futex futex_requeue
    futex_wait futex_waitv futex_wake getitimer gettimeofday io_cancel io_destroy io_getevents
    io_pgetevents io_setup io_submit nanosleep pause poll ppoll pselect6 select setitimer time
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create
    timerfd_gettime timerfd_settime times
"""
TALKING = """
    accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify
    mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 recvfrom
    recvmmsg recvmsg semctl semget semop semtimedop sendmmsg sendmsg sendto setsockopt shmat shmctl
    shmdt shmget shutdown
"""

ALLOWED = " ".join((FILES, MEMORY, PROCESSES, TIME_AND_WAITING, TALKING)).split()
"""Whatever their arguments. Those that a kernel or an engine does not know are left out by it."""
