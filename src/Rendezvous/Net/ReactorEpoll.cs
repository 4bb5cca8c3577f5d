using BoxerMpi.Transport;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Rendezvous;

/// <summary>Sleeps in epoll.</summary>
internal sealed unsafe class ReactorEpoll : ReactorPoller
{
    private const int EventsAtOnce = 64;
    private const uint ErrorOrHangUp = 0x8 | 0x10; // EPOLLERR, EPOLLHUP

    private readonly Epoll _epoll = new();

    // A slot that is given up while events are handed out is not used again before the next wait: an event may still name it.
    private NetSocket?[] _watched = new NetSocket?[64];
    private int[] _free = new int[64];
    private int _freeCount;
    private int _usableFree;
    private int _slots;

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
        _epoll.Control(ControlAdd, ((LinuxSocket)socket).Descriptor, slot, Interest(write));
    }

    public override void Change(NetSocket socket, bool write) =>
        _epoll.Control(ControlModify, ((LinuxSocket)socket).Descriptor, socket.WatchSlot, Interest(write));

    public override void Remove(NetSocket socket)
    {
        int slot = socket.WatchSlot;
        _watched[slot] = null;
        socket.WatchSlot = -1;
        if (_freeCount == _free.Length)
            Array.Resize(ref _free, _freeCount * 2);
        _free[_freeCount++] = slot; // behind those that are usable
        _epoll.Control(ControlRemove, ((LinuxSocket)socket).Descriptor, slot, 0);
    }

    public override void Wait(int milliseconds)
    {
        byte* events = stackalloc byte[EventsAtOnce * Epoll.EventBytes];
        int count = _epoll.Wait(events, EventsAtOnce, milliseconds);
        _usableFree = 0;
        for (int i = 0; i < count; i++)
        {
            uint ready = Epoll.ReadyOf(events, i);
            int slot = Epoll.SlotOf(events, i);
            if (slot == Epoll.WakeSlot)
                _epoll.ClearWake();
            else
                _watched[slot]?.Target?.OnReady((ready & (PollIn | ErrorOrHangUp)) != 0, (ready & (PollOut | ErrorOrHangUp)) != 0);
        }

        _usableFree = _freeCount;
    }

    public override void Wake() => _epoll.Wake();

    public override void Dispose() => _epoll.Dispose();

    private static uint Interest(bool write) => write ? PollIn | PollOut : PollIn;
}
