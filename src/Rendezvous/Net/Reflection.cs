using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>Asks an endpoint of the coordinator where it sees a local port; the connection stays open, and with it the NAT's mapping.</summary>
internal sealed class Reflection : IReadinessTarget, IFrameTarget
{
    private readonly Reactor _reactor;
    private readonly Action<Reflection, IPEndPoint?> _onAnswer;
    private readonly ReactorTimer _deadline;
    private NetSocket? _connecting;
    private FrameConnection? _connection;
    private bool _isAnswered;

    /// <param name="reactor">Whose thread it runs on.</param>
    /// <param name="socket">A socket bound to the local port.</param>
    /// <param name="reflector">Whom to ask.</param>
    /// <param name="limit">How long to wait for the answer.</param>
    /// <param name="onAnswer">Takes the observed endpoint, or nothing.</param>
    public Reflection(Reactor reactor, NetSocket socket, IPEndPoint reflector, TimeSpan limit, Action<Reflection, IPEndPoint?> onAnswer)
    {
        (_reactor, _onAnswer, _connecting) = (reactor, onAnswer, socket);
        _deadline = reactor.After(limit, () => Answer(null));
        if (socket.Connect(reflector) is SocketError.Success or SocketError.InProgress)
            reactor.Watch(socket, this, write: true);
        else
            reactor.Post(() => Answer(null));
    }

    /// <summary>Whether the connection is there, and keeps the mapping.</summary>
    public bool IsOpen => _connection?.Socket is not null;

    public void OnReady(bool readable, bool writable)
    {
        if (_connecting!.FinishConnect() != SocketError.Success)
        {
            Answer(null);
            return;
        }

        _connection = new FrameConnection(_reactor, _connecting, this);
        _connecting = null;
        _connection.Post(ReflectMessage.Encode());
    }

    public void OnFrame(FrameConnection connection, ControlKind kind, ReadOnlySpan<byte> payload) =>
        Answer(kind == ControlKind.Reflected ? ReflectedMessage.Decode(payload) : null);

    public void OnClosed(FrameConnection connection, string reason, bool malformed) => Answer(null);

    /// <summary>Ends it, and the connection.</summary>
    public void Stop()
    {
        _isAnswered = true;
        _deadline.Stop();
        _connection?.Dispose();
        if (_connecting is null)
            return;
        _reactor.Unwatch(_connecting);
        _connecting.Dispose();
        _connecting = null;
    }

    private void Answer(IPEndPoint? observed)
    {
        if (_isAnswered)
            return;
        _isAnswered = true;
        _deadline.Stop();
        _onAnswer(this, observed);
    }
}
