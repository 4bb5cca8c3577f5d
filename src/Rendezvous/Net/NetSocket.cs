using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>A TCP socket that never blocks and tells errors by value: a refusal is an ordinary answer while links are made.</summary>
/// <remarks>
/// A managed socket that was used asynchronously once stays registered with the runtime's event loop, which wakes a thread for
/// every message that arrives. These sockets are not: on Linux they are plain descriptors until <see cref="ToManaged"/>.
/// </remarks>
internal abstract class NetSocket : IDisposable
{
    /// <summary>Whether connections may come from the port of a listener, so that others can reach a rank where they were reached from.</summary>
    public static bool SharesPorts { get; } = OperatingSystem.IsLinux();

    /// <summary>What hears of the socket's readiness; set by the reactor.</summary>
    public IReadinessTarget? Target { get; set; }

    /// <summary>Its place among those that the reactor watches, or -1.</summary>
    public int WatchSlot { get; set; } = -1;

    /// <summary>The system's number for it; -1 when it could not be opened, and 0 where numbers tell nothing.</summary>
    public abstract int Descriptor { get; }

    /// <summary>This end, as far as it is known.</summary>
    public abstract IPEndPoint? Local { get; }

    /// <summary>The other end: whom it was told to connect to, or whom it was accepted from.</summary>
    public IPEndPoint? Remote { get; protected set; }

    /// <summary>A socket; that the system has none shows when it is bound or connected.</summary>
    public static NetSocket Create(AddressFamily family) => OperatingSystem.IsLinux() ? new LinuxSocket(family) : new ManagedSocket(family);

    /// <summary>A listening socket whose port others of this process may connect from, where the platform can.</summary>
    /// <param name="endPoint">Where.</param>
    /// <param name="purpose">What for, for messages.</param>
    /// <param name="isBesideOwn">This process listens on that port at another address already.</param>
    /// <exception cref="RendezvousException">The port is taken or the address is not one of this host.</exception>
    public static NetSocket Listen(IPEndPoint endPoint, string purpose, bool isBesideOwn = false)
    {
        NetSocket socket = Create(endPoint.AddressFamily);
        SocketError error = socket.StartListening(endPoint, isBesideOwn);
        if (error == SocketError.Success)
            return socket;
        socket.Dispose();
        throw Addresses.ListenFailure(endPoint, purpose, new SocketException((int)error));
    }

    /// <summary>Binds to a port that a listener of this process has.</summary>
    public abstract SocketError BindShared(IPEndPoint local);

    /// <summary>Binds to a port that others may have too, as long as nobody listens on it.</summary>
    public abstract SocketError BindReusing(IPEndPoint local);

    /// <summary>Starts connecting; <see cref="SocketError.InProgress"/> when the answer is to be waited for.</summary>
    /// <param name="remote">To whom.</param>
    /// <param name="hops">
    /// How far what is sent now may travel, or 0 for as far as it takes; later packets are not limited, and that it does not arrive
    /// does not end the attempt.
    /// </param>
    public abstract SocketError Connect(IPEndPoint remote, int hops = 0);

    /// <summary>The outcome once the socket has become writable.</summary>
    public abstract SocketError FinishConnect();

    /// <returns>The next connection, or <see langword="null"/> and why there is none.</returns>
    public abstract NetSocket? Accept(out SocketError error);

    /// <returns>Bytes received; 0 at the end of the stream, or with an error.</returns>
    public abstract int Receive(Span<byte> buffer, out SocketError error);

    /// <returns>Bytes that were taken; 0 with an error.</returns>
    public abstract int Send(ReadOnlySpan<byte> bytes, out SocketError error);

    /// <summary>Ends the sending side in order.</summary>
    public abstract void CloseSend();

    /// <summary>Gives the connection up to a managed socket.</summary>
    public abstract Socket ToManaged();

    /// <summary>
    /// Closes without an end in order, so that the system keeps nothing of it: half a connection would hold its endpoints for minutes.
    /// </summary>
    public abstract void Abort();

    public abstract void Dispose();

    protected abstract SocketError StartListening(IPEndPoint endPoint, bool isBesideOwn);
}

/// <summary>What hears that a watched socket is ready.</summary>
internal interface IReadinessTarget
{
    /// <summary>Called on the reactor's thread; errors and hang-ups make a socket ready for everything.</summary>
    void OnReady(bool readable, bool writable);
}
