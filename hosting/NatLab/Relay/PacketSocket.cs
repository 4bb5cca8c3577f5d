using System.Runtime.InteropServices;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Relay;

/// <summary>Whole frames of all links of a namespace (packet(7)), each behind the kernel's word on checksums and segments still to be made.</summary>
internal sealed unsafe partial class PacketSocket : IDisposable
{
    /// <summary>struct virtio_net_hdr, before each frame.</summary>
    public const int OffloadBytes = 10;

    /// <summary>The largest that is received: offload header, Ethernet header, 64 KiB.</summary>
    public const int MostBytes = OffloadBytes + 14 + 65536;

    private const int Family = 17, RawType = 3, NonBlocking = 0x800, PacketLevel = 263, SocketLevel = 1;
    private const int OffloadHeader = 15, IgnoreOutgoing = 23, ReceiveBuffer = 33, SendBuffer = 32, Timestamp = 35;
    private const int KernelBufferBytes = 32 << 20;
    private const ushort InternetProtocol = 0x0008; // ETH_P_IP, in network order

    private readonly int _descriptor;

    public PacketSocket()
    {
        // Without a protocol it gets nothing until it is set up.
        _descriptor = KernelCalls.Socket(Family, RawType | NonBlocking | KernelCalls.CloseOnExecute, 0);
        if (_descriptor < 0)
            throw new LabException($"no packet socket: {Marshal.GetLastPInvokeErrorMessage()}", "it takes root (CAP_NET_RAW) and a kernel with CONFIG_PACKET");

        Set(PacketLevel, OffloadHeader, 1);
        Set(PacketLevel, IgnoreOutgoing, 1);
        Set(SocketLevel, ReceiveBuffer, KernelBufferBytes);
        Set(SocketLevel, SendBuffer, KernelBufferBytes);
        Set(SocketLevel, Timestamp, 1);
        LinkAddress all = new() { Family = Family, Protocol = InternetProtocol };
        if (Bind(_descriptor, &all, (uint)sizeof(LinkAddress)) != 0)
            throw new LabException($"a packet socket cannot be bound: {Marshal.GetLastPInvokeErrorMessage()}", "it takes root (CAP_NET_RAW)");
    }

    public int Descriptor => _descriptor;

    /// <summary>Takes the next frame; 0 when there is none.</summary>
    /// <param name="buffer">Room for <see cref="MostBytes"/>.</param>
    /// <param name="arrived">When it reached the namespace, in nanoseconds of <see cref="PacketClock"/>; unchanged when the kernel does not say.</param>
    public int Receive(byte* buffer, ref long arrived)
    {
        byte* control = stackalloc byte[64];
        Vector vector = new() { Start = buffer, Length = MostBytes };
        Message message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 64 };
        nint length = ReceiveMessage(_descriptor, &message, 0);
        if (length < 0)
            return 0;

        // struct cmsghdr: length, level, type; then seconds and nanoseconds.
        if (message.ControlLength >= 32 && *(int*)(control + 12) == Timestamp)
            arrived = (*(long*)(control + 16) * 1_000_000_000) + *(long*)(control + 24);
        return (int)length;
    }

    /// <summary>Puts a frame on a link; as a router does, drops it when the link takes no more.</summary>
    public void Send(byte* frame, int length, int link)
    {
        LinkAddress target = new() { Family = Family, Protocol = InternetProtocol, Link = link };
        _ = SendTo(_descriptor, frame, (nuint)length, 0, &target, (uint)sizeof(LinkAddress));
    }

    public void Dispose() => _ = NativeMethods.Close(_descriptor);

    private void Set(int level, int option, int value)
    {
        if (KernelCalls.SetOption(_descriptor, level, option, &value, sizeof(int)) != 0)
            throw new LabException($"a packet socket does not take option {level}/{option}: {Marshal.GetLastPInvokeErrorMessage()}", "it takes root and Linux 4.20 or newer");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LinkAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int Link;
        public ushort Hardware;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Start;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public nuint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public nint Flags;
    }

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int descriptor, LinkAddress* address, uint length);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int descriptor, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(int descriptor, byte* buffer, nuint length, int flags, LinkAddress* address, uint addressLength);
}
