using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Transport;

/// <summary>Level-triggered epoll with an event descriptor for wake-ups.</summary>
internal sealed unsafe class EpollPoller : Poller
{
    private const int WakeSlot = -1;

    // The kernel packs struct epoll_event on x86-64 only.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventBytes - 8;

    private readonly Lock _wakeGate = new();
    private readonly int _epoll;
    private readonly int _event;
    private bool _disposed;

    public EpollPoller()
    {
        _epoll = Check(EpollCreate(CloseOnExec), "epoll_create1");
        _event = Check(EventDescriptor(0, CloseOnExec | NonBlocking), "eventfd");
        Control(ControlAdd, _event, WakeSlot, PollIn);
    }

    public override void Add(int slot, Channel channel) => Control(ControlAdd, channel.Descriptor, slot, PollIn);

    public override void Remove(int slot, Channel channel) => Control(ControlRemove, channel.Descriptor, slot, 0);

    public override void Watch(int slot, Channel channel, bool read, bool write) =>
        Control(ControlModify, channel.Descriptor, slot, (read ? PollIn : 0) | (write ? PollOut : 0));

    public override int Wait(Span<int> slots, int timeoutMilliseconds)
    {
        byte* events = stackalloc byte[slots.Length * EventBytes];
        int count = EpollWait(_epoll, events, slots.Length, timeoutMilliseconds);
        if (count < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            Check(count, "epoll_wait");

        int found = 0;
        for (int i = 0; i < count; i++)
        {
            int slot = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(events + (i * EventBytes) + DataOffset, 4));
            if (slot != WakeSlot)
                slots[found++] = slot;
            else if (timeoutMilliseconds != 0)
                ClearWake(); // whoever only looks leaves the wake-up to the thread that sleeps
        }

        return found;
    }

    public override void Wake()
    {
        // The other end of a channel in memory may come here when this end has just gone, and the descriptor may be somebody else's by then.
        lock (_wakeGate)
        {
            ulong one = 1;
            if (!_disposed)
                _ = Write(_event, (byte*)&one, sizeof(ulong));
        }
    }

    public override void Dispose()
    {
        lock (_wakeGate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _ = Close(_epoll);
            _ = Close(_event);
        }
    }

    private void ClearWake()
    {
        ulong value;
        _ = Read(_event, (byte*)&value, sizeof(ulong));
    }

    private void Control(int operation, int descriptor, int slot, uint events)
    {
        byte* item = stackalloc byte[16];
        Span<byte> bytes = new(item, 16);
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, events);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[DataOffset..], slot);
        Check(EpollControl(_epoll, operation, descriptor, item), "epoll_ctl");
    }

    private static int Check(int result, string call) =>
        result >= 0 ? result : throw new IOException($"{call} failed: {Marshal.GetLastPInvokeErrorMessage()}");
}
