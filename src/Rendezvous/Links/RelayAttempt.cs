using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>A pair's connection through the coordinator, from a port of its own; the hello then runs over it as on any other.</summary>
internal sealed class RelayAttempt : IJoinerDialogueOwner
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Links _links;
    private readonly Pair _pair;
    private JoinerDialogue? _dialogue;
    private ReactorTimer? _retry;

    public RelayAttempt(Links links, Pair pair)
    {
        (_links, _pair) = (links, pair);
        Start();
    }

    public void Stop()
    {
        _dialogue?.Stop();
        _retry?.Stop();
    }

    public void OnChallenged(JoinerDialogue dialogue, ChallengeMessage challenge)
    {
        LinkWorld world = _links.World!;
        dialogue.Ask(new RelayMessage(world.Members[world.Rank].Id, world.Rank, _pair.Peer, world.Epoch).Encode());
    }

    public void OnTaken(JoinerDialogue dialogue, FrameConnection connection, AcceptedMessage? accepted)
    {
        _dialogue = null;
        _pair.OnRelayReady(connection);
    }

    public void OnFailed(JoinerDialogue dialogue, Exception error)
    {
        _dialogue = null;
        if (error is RendezvousException)
        {
            _pair.OnRelayEnded(error.Message.TrimEnd('.'));
            return;
        }

        if (error is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets })
            _pair.OnShortage();
        _retry = _links.Reactor.After(Pause, Start);
    }

    private void Start()
    {
        if (_links.SeedAddress is not { } seed)
        {
            _pair.OnRelayEnded("the coordinator is gone");
            return;
        }

        LinkWorld world = _links.World!;
        _dialogue = new JoinerDialogue(_links.Reactor, seed, world.JobId, world.Token, this);
        _dialogue.Start(_links.Port.Create(seed.AddressFamily), seed);
    }
}
