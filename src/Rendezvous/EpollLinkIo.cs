using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Rendezvous;

/// <summary>Non-blocking sockets and one epoll thread, which is there only while somebody waits.</summary>
/// <remarks>Whoever waits goes on on that thread: between two waits a hello does microseconds of work.</remarks>
internal sealed class EpollLinkIo : LinkIo
{
    private const int EventsAtOnce = 64;
    private const int IdleMilliseconds = 1000;

    // The kernel packs struct epoll_event on x86-64 only.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventBytes - 8;

    private readonly int _epoll;

    // Protects _waiting, _nextId and _running. A waiter belongs to whoever removes it from the table.
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Waiter> _waiting = [];
    private long _nextId;
    private bool _running;

    public EpollLinkIo()
    {
        _epoll = EpollCreate(CloseOnExec);
        if (_epoll < 0)
            throw new IOException($"epoll_create1 failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    public override async ValueTask<Socket> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        Socket socket = new(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };
        try
        {
            int error = StartConnect(socket, remote);
            if (error == InProgress)
            {
                await WaitAsync(socket, PollOut, cancellationToken).ConfigureAwait(false);
                SocketError result = (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
                if (result != SocketError.Success)
                    throw new SocketException((int)result);
            }
            else if (error != 0)
            {
                throw Failure(error);
            }

            return Adopt(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override async ValueTask<int> ReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            int count = Receive(socket, buffer.Span);
            if (count >= 0)
                return count;
            await WaitAsync(socket, PollIn, cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask<int> SendAsync(Socket socket, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            int count = Send(socket, buffer.Span);
            if (count >= 0)
                return count;
            await WaitAsync(socket, PollOut, cancellationToken).ConfigureAwait(false);
        }
    }

    private static unsafe int StartConnect(Socket socket, IPEndPoint remote)
    {
        SocketAddress address = remote.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
            return Connect((int)socket.Handle, bytes, (uint)address.Size) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>The same connection as a managed socket that knows its two ends.</summary>
    private static Socket Adopt(Socket socket)
    {
        nint descriptor = socket.Handle;

        // Not disposed: that would wait for the release of a handle which lives on.
        socket.SafeHandle.SetHandleAsInvalid();
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    private static unsafe int Receive(Socket socket, Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
            return Result(Transport.LinuxNative.Receive((int)socket.Handle, bytes, buffer.Length, DontWait));
    }

    private static unsafe int Send(Socket socket, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* bytes = buffer)
            return Result(Transport.LinuxNative.Send((int)socket.Handle, bytes, buffer.Length, DontWait | NoSignal));
    }

    /// <returns>The count, or -1 to wait and try again.</returns>
    private static int Result(nint count)
    {
        if (count >= 0)
            return (int)count;
        int error = Marshal.GetLastPInvokeError();
        return error is WouldBlock or Interrupted ? -1 : throw Failure(error);
    }

    // The managed exception maps the system's numbers only where the runtime makes them itself.
    private static SocketException Failure(int error) => new((int)(error switch
    {
        101 => SocketError.NetworkUnreachable, // ENETUNREACH
        104 or 32 => SocketError.ConnectionReset, // ECONNRESET, EPIPE
        111 => SocketError.ConnectionRefused, // ECONNREFUSED
        113 => SocketError.HostUnreachable, // EHOSTUNREACH
        99 => SocketError.AddressNotAvailable, // EADDRNOTAVAIL
        110 => SocketError.TimedOut, // ETIMEDOUT
        13 or 1 => SocketError.AccessDenied, // EACCES, EPERM
        24 or 23 => SocketError.TooManyOpenSockets, // EMFILE, ENFILE
        _ => SocketError.SocketError,
    }), Marshal.GetPInvokeErrorMessage(error));

    private Task WaitAsync(Socket socket, uint events, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int descriptor = (int)socket.Handle;
        Waiter waiter = new(this, descriptor);
        lock (_gate)
        {
            waiter.Id = ++_nextId;
            _waiting.Add(waiter.Id, waiter);
            if (!_running)
            {
                _running = true;
                new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "boxer links" }.Start();
            }
        }

        if (!Control(ControlAdd, descriptor, waiter.Id, events | OneShot))
        {
            int error = Marshal.GetLastPInvokeError();
            if (Remove(waiter.Id) is not null)
                waiter.TrySetException(Failure(error));
            return waiter.Task;
        }

        waiter.CancelOn(cancellationToken);
        return waiter.Task;
    }

    private unsafe void Run()
    {
        byte* events = stackalloc byte[EventsAtOnce * EventBytes];
        while (true)
        {
            int count = EpollWait(_epoll, events, EventsAtOnce, IdleMilliseconds);
            for (int i = 0; i < count; i++)
            {
                long id = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(events + (i * EventBytes) + DataOffset, 8));
                if (Remove(id) is { } waiter)
                    waiter.Complete();
            }

            if (count > 0)
                continue;
            lock (_gate)
            {
                if (_waiting.Count > 0)
                    continue;
                _running = false;
                return;
            }
        }
    }

    private Waiter? Remove(long id)
    {
        lock (_gate)
            return _waiting.Remove(id, out Waiter? waiter) ? waiter : null;
    }

    private unsafe bool Control(int operation, int descriptor, long id, uint events)
    {
        byte* item = stackalloc byte[16];
        Span<byte> bytes = new(item, 16);
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, events);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[DataOffset..], id);
        return EpollControl(_epoll, operation, descriptor, item) == 0;
    }

    /// <summary>One wait; continuations run where it completes.</summary>
    private sealed class Waiter(EpollLinkIo owner, int descriptor) : TaskCompletionSource
    {
        private CancellationTokenRegistration _registration;

        public long Id { get; set; }

        public void CancelOn(CancellationToken cancellationToken)
        {
            if (!cancellationToken.CanBeCanceled)
                return;
            _registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    Waiter waiter = (Waiter)state!;
                    if (waiter.Owner.Remove(waiter.Id) is null)
                        return;
                    waiter.Unwatch();
                    waiter.TrySetCanceled(token);
                },
                this);
        }

        public void Complete()
        {
            Unwatch();
            _registration.Unregister();
            TrySetResult();
        }

        private EpollLinkIo Owner => owner;

        // Before the continuation runs: it may hand the socket over or close it.
        private void Unwatch() => owner.Control(ControlRemove, descriptor, 0, 0);
    }
}
