using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Relay;

/// <summary>Forwards the packets of a lab's public network in place of the kernel, each after a while, some never.</summary>
/// <remarks>
/// The time at which a packet is due counts from the kernel's stamp of its arrival, not from when the relay saw it, so a relay that
/// comes late on a busy machine does not add to the delay. A single thread without any allocation.
/// </remarks>
internal sealed unsafe class PacketRelay(int places, TimeSpan oneWay, double lossShare, int seed)
{
    private const int AtOnce = 64;
    private const int InternetHeader = PacketSocket.OffloadBytes + 14;
    private const int LeastBytes = InternetHeader + 20;

    // 10 Gbit/s for 200 ms.
    private const long QueueBytes = 256L << 20;

    // A sleeping core takes 10 to 40 µs to come back: awake before a packet is due, it leaves on time.
    private const long WakeUp = 40_000;

    private readonly long _delay = (long)(oneWay.TotalMilliseconds * 1e6);
    private readonly Random _chance = new(seed);

    /// <summary>Runs until the descriptor is closed at its other end; for ever without one.</summary>
    /// <param name="socket">Opened in the namespace of the router.</param>
    /// <param name="lifeline">A descriptor, or -1.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(PacketSocket socket, int lifeline)
    {
        using PacketQueue queue = new(QueueBytes);
        NativeMethods.PollDescriptor* waiting = stackalloc NativeMethods.PollDescriptor[2];
        waiting[1] = new NativeMethods.PollDescriptor { Descriptor = lifeline, Events = NativeMethods.PollIn };
        while (waiting[1].Returned == 0)
        {
            bool isFull = Receive(socket, queue);
            long now = PacketClock.Now;
            while (!queue.IsEmpty && queue.FirstDue <= now)
            {
                byte* packet = queue.Take(out int length, out int link);
                socket.Send(packet, length, link);
            }

            // A full queue takes no more until its first packet has left.
            waiting[0] = new NativeMethods.PollDescriptor { Descriptor = isFull ? -1 : socket.Descriptor, Events = NativeMethods.PollIn };
            PacketClock.Wait(waiting, 2, queue.IsEmpty ? -1 : Math.Max(0, queue.FirstDue - PacketClock.Now - WakeUp));
        }
    }

    /// <summary>Takes some of what has come; whether there is no room for more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Receive(PacketSocket socket, PacketQueue queue)
    {
        long arrived = PacketClock.Now;
        for (int i = 0; i < AtOnce; i++)
        {
            byte* packet = queue.Room();
            if (packet is null)
                return true;
            int length = socket.Receive(packet, ref arrived);
            if (length == 0)
                return false;
            int link = length >= LeastBytes ? Route(packet + InternetHeader) : 0;
            if (link != 0 && (lossShare == 0 || _chance.NextDouble() >= lossShare))
                queue.Add(length, link, arrived + _delay);
        }

        return false;
    }

    /// <summary>The link by which a packet leaves, with one hop less to live; 0 when it ends here.</summary>
    private int Route(byte* header)
    {
        uint destination = BinaryPrimitives.ReadUInt32BigEndian(new ReadOnlySpan<byte>(header + 16, 4));
        if (destination >> 16 != 0xC612 /* 198.18 */)
            return 0;
        int link;
        if ((destination & 0xff00) == 0)
            link = (destination & 0xff) is 1 or 2 ? LabPlan.SeedPort : 0;
        else
            link = LabPlan.PlaceAt(destination) is var place && (uint)place < (uint)places ? LabPlan.FirstPort + place : 0;

        byte* timeToLive = header + 8;
        if (link == 0 || *timeToLive <= 1)
            return 0;

        // RFC 1624: the checksum follows from what changed.
        --*timeToLive;
        uint sum = (uint)((header[10] << 8) | header[11]) + 0x100;
        sum = (sum & 0xffff) + (sum >> 16);
        header[10] = (byte)(sum >> 8);
        header[11] = (byte)sum;
        return link;
    }
}
