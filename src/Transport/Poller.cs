namespace BoxerMpi.Transport;

/// <summary>Waits for descriptors and for a wake-up from another thread. Slots are small numbers chosen by the engine.</summary>
internal abstract class Poller : IDisposable
{
    public static Poller Create() => OperatingSystem.IsLinux() ? new EpollPoller() : new SelectPoller();

    public abstract void Add(int slot, Channel channel);

    public abstract void Remove(int slot, Channel channel);

    /// <summary>What ends a wait: something to read (the default), room to write, both or neither.</summary>
    public abstract void Watch(int slot, Channel channel, bool read, bool write);

    /// <summary>Collects the slots that have something to read, or room to write where watched.</summary>
    /// <param name="slots">Takes as many as it is long; the others come with the next call.</param>
    /// <param name="timeoutMilliseconds">0 looks only; -1 waits until something comes.</param>
    /// <returns>How many were written.</returns>
    public abstract int Wait(Span<int> slots, int timeoutMilliseconds);

    /// <summary>Ends a wait of another thread, or the next one.</summary>
    public abstract void Wake();

    public abstract void Dispose();
}
