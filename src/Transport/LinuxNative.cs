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
    public const int NonBlocking = 0x800; // EFD_NONBLOCK

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
