using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>Waits until sockets are ready. One thread; only <see cref="Wake"/> comes from others.</summary>
internal abstract class ReactorPoller : IDisposable
{
    public static ReactorPoller Create() => OperatingSystem.IsLinux() ? new ReactorEpoll() : new ReactorSelect();

    public abstract void Add(NetSocket socket, bool write);

    public abstract void Change(NetSocket socket, bool write);

    public abstract void Remove(NetSocket socket);

    /// <summary>Waits and calls the targets of what is ready.</summary>
    /// <param name="milliseconds">-1 for as long as it takes.</param>
    public abstract void Wait(int milliseconds);

    /// <summary>Ends a wait, or the next one.</summary>
    public abstract void Wake();

    public abstract void Dispose();

    /// <summary>For platforms without epoll.</summary>
    private sealed class ReactorSelect : ReactorPoller
    {
        // Select cannot be woken by another thread: a wake-up takes effect at the next slice.
        private const int SliceMicroseconds = 2000;

        private readonly List<ManagedSocket> _sockets = [];
        private readonly HashSet<ManagedSocket> _writing = [];
        private readonly ManualResetEventSlim _woken = new(false, spinCount: 0);

        public override void Add(NetSocket socket, bool write)
        {
            _sockets.Add((ManagedSocket)socket);
            socket.WatchSlot = 0;
            Change(socket, write);
        }

        public override void Change(NetSocket socket, bool write) =>
            _ = write ? _writing.Add((ManagedSocket)socket) : _writing.Remove((ManagedSocket)socket);

        public override void Remove(NetSocket socket)
        {
            socket.WatchSlot = -1;
            _sockets.Remove((ManagedSocket)socket);
            _writing.Remove((ManagedSocket)socket);
        }

        public override void Wait(int milliseconds)
        {
            long end = milliseconds < 0 ? long.MaxValue : Environment.TickCount64 + milliseconds;
            do
            {
                if (Look(milliseconds == 0 ? 0 : SliceMicroseconds))
                    return;
            }
            while (!_woken.IsSet && Environment.TickCount64 < end);
            _woken.Reset();
        }

        public override void Wake() => _woken.Set();

        public override void Dispose() => _woken.Dispose();

        private bool Look(int microseconds)
        {
            if (_sockets.Count == 0)
            {
                _woken.Wait(TimeSpan.FromMicroseconds(microseconds));
                return false;
            }

            List<Socket> read = [.. _sockets.Select(socket => socket.Socket)];
            List<Socket> write = [.. _writing.Select(socket => socket.Socket)];
            Socket.Select(read, write, null, microseconds);
            ManagedSocket[] ready = [.. _sockets.Where(socket => read.Contains(socket.Socket) || write.Contains(socket.Socket))];
            foreach (ManagedSocket socket in ready)
            {
                if (socket.WatchSlot >= 0)
                    socket.Target?.OnReady(read.Contains(socket.Socket), write.Contains(socket.Socket));
            }

            return ready.Length > 0;
        }
    }
}
