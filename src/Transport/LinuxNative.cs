using System.Runtime.InteropServices;

namespace BoxerMpi.Transport;

/// <summary>One piece of a gathered or scattered transfer; laid out like the kernel's <c>struct iovec</c>.</summary>
internal unsafe struct IoVector
{
    public byte* Base;
    public nint Length;
}

/// <summary>The system calls that managed sockets cannot express: gather, scatter, polling many descriptors, yielding.</summary>
internal static unsafe partial class LinuxNative
{
    public const int WouldBlock = 11; // EAGAIN
    public const int Interrupted = 4; // EINTR
    public const int InProgress = 115; // EINPROGRESS
    public const int AddressInUse = 98; // EADDRINUSE
    public const int AddressNotAvailable = 99; // EADDRNOTAVAIL
    public const int NetworkUnreachable = 101; // ENETUNREACH
    public const int ConnectionAborted = 103; // ECONNABORTED
    public const int TimedOut = 110; // ETIMEDOUT
    public const int ConnectionRefused = 111; // ECONNREFUSED
    public const int HostUnreachable = 113; // EHOSTUNREACH
    public const int NotPermitted = 1; // EPERM
    public const int AccessDenied = 13; // EACCES
    public const int TooManyFiles = 24; // EMFILE
    public const int TooManyFilesOfAll = 23; // ENFILE
    public const int ConnectionReset = 104; // ECONNRESET
    public const int BrokenPipe = 32; // EPIPE

    public const int DontWait = 0x40; // MSG_DONTWAIT
    public const int NoSignal = 0x4000; // MSG_NOSIGNAL

    public const uint PollIn = 0x1;
    public const uint PollOut = 0x4;
    public const uint OneShot = 0x4000_0000; // EPOLLONESHOT
    public const int ControlAdd = 1;
    public const int ControlRemove = 2;
    public const int ControlModify = 3;
    public const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC and EFD_CLOEXEC
    public const int NonBlocking = 0x800; // EFD_NONBLOCK and SOCK_NONBLOCK

    public const int Internet4 = 2; // AF_INET
    public const int Internet6 = 10; // AF_INET6
    public const int StreamSocket = 1; // SOCK_STREAM

    public const int LevelSocket = 1; // SOL_SOCKET
    public const int LevelIp = 0; // IPPROTO_IP
    public const int LevelTcp = 6; // IPPROTO_TCP
    public const int LevelIp6 = 41; // IPPROTO_IPV6
    public const int ShutdownWrite = 1; // SHUT_WR
    public const int ReuseAddress = 2; // SO_REUSEADDR
    public const int PendingError = 4; // SO_ERROR
    public const int LingerTime = 13; // SO_LINGER
    public const int ReusePort = 15; // SO_REUSEPORT
    public const int TimeToLive = 2; // IP_TTL
    public const int LeastTimeToLive = 21; // IP_MINTTL
    public const int HopLimit = 16; // IPV6_UNICAST_HOPS
    public const int LeastHopLimit = 73; // IPV6_MINHOPCOUNT
    public const int OnlyIp6 = 26; // IPV6_V6ONLY
    public const int NoDelay = 1; // TCP_NODELAY
    public const int ConnectRetries = 7; // TCP_SYNCNT
    public const int TcpInformation = 11; // TCP_INFO

    /// <summary>The 64-bit layout of <c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int descriptor, int backlog);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(int descriptor, byte* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetLocalName(int descriptor, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int descriptor, int level, int option, int* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(int descriptor, int level, int option, int* value, uint* length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, byte* @event);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int maximum, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "sched_yield")]
    public static partial int Yield();
}
