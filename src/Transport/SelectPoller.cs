using System.Net.Sockets;

namespace BoxerMpi.Transport;

/// <summary>
/// Polling through <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, int)"/>: simple,
/// for platforms without epoll.
/// </summary>
internal sealed class SelectPoller : Poller
{
    // Select cannot be woken by another thread, so a wait is cut into slices; a wake-up takes effect at the next one.
    private const int SliceMicroseconds = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Socket> _sockets = [];
    private readonly HashSet<int> _unwatchedRead = [];
    private readonly HashSet<int> _watchWrite = [];
    private readonly ManualResetEventSlim _woken = new(false, spinCount: 0);

    public override void Add(int slot, Channel channel)
    {
        lock (_gate)
            _sockets.Add(slot, ((ManagedTcpChannel)channel).Socket);
    }

    public override void Remove(int slot, Channel channel)
    {
        lock (_gate)
        {
            _sockets.Remove(slot);
            _unwatchedRead.Remove(slot);
            _watchWrite.Remove(slot);
        }
    }

    public override void Watch(int slot, Channel channel, bool read, bool write)
    {
        lock (_gate)
        {
            _ = read ? _unwatchedRead.Remove(slot) : _unwatchedRead.Add(slot);
            _ = write ? _watchWrite.Add(slot) : _watchWrite.Remove(slot);
        }
    }

    public override int Wait(Span<int> slots, int timeoutMilliseconds)
    {
        long end = timeoutMilliseconds < 0 ? long.MaxValue : Environment.TickCount64 + timeoutMilliseconds;
        while (true)
        {
            int found = Look(slots, timeoutMilliseconds == 0 ? 0 : SliceMicroseconds);
            if (found > 0 || Environment.TickCount64 >= end)
                return found;
            if (_woken.IsSet)
            {
                _woken.Reset();
                return 0;
            }
        }
    }

    public override void Wake() => _woken.Set();

    public override void Dispose() => _woken.Dispose();

    private int Look(Span<int> slots, int microseconds)
    {
        List<Socket> read, write;
        lock (_gate)
        {
            read = [.. _sockets.Where(pair => !_unwatchedRead.Contains(pair.Key)).Select(pair => pair.Value)];
            write = [.. _watchWrite.Where(_sockets.ContainsKey).Select(slot => _sockets[slot])];
        }

        if (read.Count + write.Count == 0)
        {
            _woken.Wait(TimeSpan.FromMicroseconds(microseconds));
            return 0;
        }

        try
        {
            Socket.Select(read.Count == 0 ? null : read, write.Count == 0 ? null : write, null, microseconds);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            // Another thread has closed a link meanwhile; the next look does without it.
            return 0;
        }

        int found = 0;
        lock (_gate)
        {
            foreach ((int slot, Socket socket) in _sockets)
            {
                if (found < slots.Length && (read.Contains(socket) || write.Contains(socket)))
                    slots[found++] = slot;
            }
        }

        return found;
    }
}
