using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>Connections between applications of different ranks: what this rank asks others for, and what it opens for them.</summary>
/// <remarks>On the reactor's thread only.</remarks>
internal sealed class ApplicationPorts(Links links)
{
    private readonly Dictionary<int, OpenPort> _open = [];
    private readonly Dictionary<int, ApplicationPath> _asking = [];
    private int _lastId;
    private Exception? _failure;

    public Links Links => links;

    /// <summary>Lets applications of other ranks connect to a port of this host.</summary>
    /// <param name="port">What the application listens on.</param>
    /// <param name="onHandedOver">Takes a connection that has arrived past the application's listener, and the rank it comes from.</param>
    public void Open(int port, Action<int, Socket> onHandedOver)
    {
        Close(port);
        if (_failure is null)
            _open.Add(port, new OpenPort(this, port, onHandedOver));
    }

    /// <summary>Refuses what comes from now on; connections that are there are not touched.</summary>
    public void Close(int port)
    {
        if (_open.Remove(port, out OpenPort? open))
            open.Stop();
    }

    /// <summary>Sends a request; its answer goes to the path.</summary>
    /// <returns>Its number, or 0 when there is no coordinator to pass it on.</returns>
    public int Ask(ApplicationPath path, IPEndPoint? endPoint, OpeningStep? step)
    {
        int id = ++_lastId;
        if (!Send(path.Peer, new ApplicationSignal(ApplicationSignalKind.Asked, id, path.Port, endPoint, step?.Opening ?? Opening.Doomed, step?.Hops ?? 0)))
            return 0;
        _asking.Add(id, path);
        return id;
    }

    /// <summary>The answer is not waited for any more.</summary>
    public void Forget(int id) => _asking.Remove(id);

    public bool Send(int peer, ApplicationSignal signal) => links.SignalThrough?.Invoke(new SignalMessage(peer, signal.Encode())) ?? false;

    /// <exception cref="WireFormatException">It makes no sense.</exception>
    public void OnSignal(int peer, ReadOnlySpan<byte> payload)
    {
        ApplicationSignal signal = ApplicationSignal.Decode(payload);
        if (signal.Kind == ApplicationSignalKind.Asked)
        {
            if (_open.TryGetValue(signal.Port, out OpenPort? open))
                open.OnAsked(peer, signal);
            else
                Refuse(peer, signal, $"rank {links.World!.Rank} has not opened port {signal.Port} for others");
            return;
        }

        // An answer that nobody waits for comes too late.
        if (!_asking.TryGetValue(signal.Id, out ApplicationPath? path) || path.Peer != peer)
            return;
        _asking.Remove(signal.Id);
        if (signal.Kind == ApplicationSignalKind.Ready && signal.EndPoint is not null)
            path.OnReady(signal.EndPoint);
        else
            path.OnRefused(signal.Text);
    }

    public void Refuse(int peer, ApplicationSignal asked, string why)
    {
        links.Log($"Refused a connection of an application of rank {peer} to port {asked.Port}: {why}.");
        Send(peer, new ApplicationSignal(ApplicationSignalKind.Refused, asked.Id, asked.Port, Text: why));
    }

    /// <summary>What is asked of a rank that is gone, or of anybody when nothing is to come any more, has failed.</summary>
    /// <param name="rank">Which one, or <see langword="null"/> for all.</param>
    /// <param name="reason">Why; <see langword="null"/> when the coordinator could not pass a request on.</param>
    public void Fail(int? rank, Exception? reason)
    {
        if (rank is null)
            _failure ??= reason;
        foreach ((int id, ApplicationPath path) in _asking.ToArray())
        {
            if (rank is null || path.Peer == rank)
            {
                _asking.Remove(id);
                path.OnLost(reason);
            }
        }
    }

    /// <summary>Nothing is asked or opened any more.</summary>
    public void Dispose(Exception reason)
    {
        Fail(null, reason);
        foreach (OpenPort open in _open.Values)
            open.Stop();
        _open.Clear();
    }

    /// <summary>Why nothing can be asked any more, if so.</summary>
    public Exception? Failure => _failure;
}
