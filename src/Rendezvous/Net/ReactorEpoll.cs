using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Rendezvous;

/// <summary>Level-triggered epoll with an event descriptor for wake-ups.</summary>
internal sealed unsafe class ReactorEpoll : ReactorPoller
{
    private const int EventsAtOnce = 64;
    private const int WakeSlot = -1;
    private const uint ErrorOrHangUp = 0x8 | 0x10; // EPOLLERR, EPOLLHUP

    // The kernel packs struct epoll_event on x86-64 only.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventBytes - 8;

    private readonly Lock _wakeGate = new();
    private readonly int _epoll;
    private readonly int _event;
    private bool _isDisposed;

    // A slot that is given up while events are handed out is not used again before the next wait: an event may still name it.
    private NetSocket?[] _watched = new NetSocket?[64];
    private int[] _free = new int[64];
    private int _freeCount;
    private int _usableFree;
    private int _slots;

    public ReactorEpoll()
    {
        _epoll = Check(EpollCreate(CloseOnExec), "epoll_create1");
        _event = Check(EventDescriptor(0, CloseOnExec | NonBlocking), "eventfd");
        Control(ControlAdd, _event, WakeSlot, PollIn);
    }

    public override void Add(NetSocket socket, bool write)
    {
        int slot;
        if (_usableFree > 0)
        {
            slot = _free[--_usableFree];
            _free[_usableFree] = _free[--_freeCount];
        }
        else
        {
            slot = _slots++;
            if (slot == _watched.Length)
                Array.Resize(ref _watched, slot * 2);
        }

        _watched[slot] = socket;
        socket.WatchSlot = slot;
        Control(ControlAdd, ((LinuxSocket)socket).Descriptor, slot, Interest(write));
    }

    public override void Change(NetSocket socket, bool write) =>
        Control(ControlModify, ((LinuxSocket)socket).Descriptor, socket.WatchSlot, Interest(write));

    public override void Remove(NetSocket socket)
    {
        int slot = socket.WatchSlot;
        _watched[slot] = null;
        socket.WatchSlot = -1;
        if (_freeCount == _free.Length)
            Array.Resize(ref _free, _freeCount * 2);
        _free[_freeCount++] = slot; // behind those that are usable
        Control(ControlRemove, ((LinuxSocket)socket).Descriptor, slot, 0);
    }

    public override void Wait(int milliseconds)
    {
        byte* events = stackalloc byte[EventsAtOnce * EventBytes];
        int count = EpollWait(_epoll, events, EventsAtOnce, milliseconds);
        if (count < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            Check(count, "epoll_wait");
        _usableFree = 0;
        for (int i = 0; i < count; i++)
        {
            byte* item = events + (i * EventBytes);
            uint ready = *(uint*)item;
            int slot = *(int*)(item + DataOffset);
            if (slot == WakeSlot)
                ClearWake();
            else
                _watched[slot]?.Target?.OnReady((ready & (PollIn | ErrorOrHangUp)) != 0, (ready & (PollOut | ErrorOrHangUp)) != 0);
        }

        _usableFree = _freeCount;
    }

    public override void Wake()
    {
        // Others may come here when the reactor has just ended, and the descriptor may be somebody else's by then.
        lock (_wakeGate)
        {
            ulong one = 1;
            if (!_isDisposed)
                _ = Write(_event, (byte*)&one, sizeof(ulong));
        }
    }

    public override void Dispose()
    {
        lock (_wakeGate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _ = Close(_epoll);
            _ = Close(_event);
        }
    }

    private static uint Interest(bool write) => write ? PollIn | PollOut : PollIn;

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
