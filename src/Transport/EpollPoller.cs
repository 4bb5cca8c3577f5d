using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Transport;

/// <summary>Sleeps in epoll.</summary>
internal sealed unsafe class EpollPoller : Poller
{
    private readonly Epoll _epoll = new();

    public override void Add(int slot, Channel channel) => _epoll.Control(ControlAdd, channel.Descriptor, slot, PollIn);

    public override void Remove(int slot, Channel channel) => _epoll.Control(ControlRemove, channel.Descriptor, slot, 0);

    public override void Watch(int slot, Channel channel, bool read, bool write) =>
        _epoll.Control(ControlModify, channel.Descriptor, slot, (read ? PollIn : 0) | (write ? PollOut : 0));

    public override int Wait(Span<int> slots, int timeoutMilliseconds)
    {
        byte* events = stackalloc byte[slots.Length * Epoll.EventBytes];
        int count = _epoll.Wait(events, slots.Length, timeoutMilliseconds);
        int found = 0;
        for (int i = 0; i < count; i++)
        {
            int slot = Epoll.SlotOf(events, i);
            if (slot != Epoll.WakeSlot)
                slots[found++] = slot;
            else if (timeoutMilliseconds != 0)
                _epoll.ClearWake(); // whoever only looks leaves the wake-up to the thread that sleeps
        }

        return found;
    }

    public override void Wake() => _epoll.Wake();

    public override void Dispose() => _epoll.Dispose();
}
