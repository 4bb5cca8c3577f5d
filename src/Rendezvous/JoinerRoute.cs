using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>What hears how a coordinator is reached at one of its addresses.</summary>
internal interface IJoinerRouteOwner
{
    /// <summary>It has answered there: the owner asks, or stops the route.</summary>
    void OnGreeted(JoinerRoute route, JoinerDialogue dialogue, ChallengeMessage challenge);

    /// <summary>It has taken what was asked; the connection is the owner's.</summary>
    void OnTaken(JoinerRoute route, FrameConnection connection, AcceptedMessage accepted);

    /// <summary>An attempt failed; the route is tried again by itself unless the owner has stopped it.</summary>
    void OnAttemptFailed(JoinerRoute route);

    /// <summary>It is of no use to try there again.</summary>
    void OnHopeless(JoinerRoute route, RendezvousException error);
}

/// <summary>One address of a coordinator that is looked for: attempt after attempt until one is answered.</summary>
internal sealed class JoinerRoute(Reactor reactor, JoinOptions options, LocalPorts ports, IPEndPoint remote, IJoinerRouteOwner owner) : IJoinerDialogueOwner
{
    private readonly Backoff _pause = new();
    private JoinerDialogue? _dialogue;
    private ReactorTimer? _retry;
    private bool _isStopped;

    /// <summary>What has come of it.</summary>
    public SeedTry Outcome { get; } = new(remote);

    /// <summary>Where this rank listens, and connects from, when it comes this way.</summary>
    public LocalPort? Port { get; private set; }

    /// <summary>The coordinator has answered the last attempt.</summary>
    public bool IsGreeted { get; private set; }

    /// <summary>Something else answers there, or this host cannot use the address.</summary>
    public bool IsHopeless { get; private set; }

    /// <summary>Begins, or begins again after <see cref="Stop"/>.</summary>
    public void Start()
    {
        _isStopped = false;
        Attempt();
    }

    /// <summary>Ends the attempt that is on its way, and makes no more.</summary>
    public void Stop()
    {
        _isStopped = true;
        _retry?.Stop();
        _dialogue?.Stop();
        _dialogue = null;
    }

    public TimeSpan NextPause() => _pause.Next();

    public void OnChallenged(JoinerDialogue dialogue, ChallengeMessage challenge)
    {
        IsGreeted = true;
        owner.OnGreeted(this, dialogue, challenge);
    }

    public void OnTaken(JoinerDialogue dialogue, FrameConnection connection, AcceptedMessage? accepted)
    {
        _dialogue = null;
        owner.OnTaken(this, connection, accepted!);
    }

    public void OnFailed(JoinerDialogue dialogue, Exception error)
    {
        _dialogue = null;
        if (error is RendezvousException final)
            Despair(final);
        else
            TryAgain(error);
    }

    private void Attempt()
    {
        Outcome.Attempts++;
        IsGreeted = false;
        try
        {
            Port = ports.Open(remote);
        }
        catch (RendezvousException error)
        {
            if (error.Reason == RendezvousFailure.OutOfDescriptors)
                TryAgain(error);
            else
                Despair(error);
            return;
        }

        NetSocket socket = Port.CreateFor(remote);
        if (socket.Descriptor >= 0)
            Outcome.HasSocket();
        _dialogue = new JoinerDialogue(reactor, options.Seed, options.JobId, options.Token, this);
        _dialogue.Start(socket, remote);
    }

    private void TryAgain(Exception error)
    {
        bool wasShort = Outcome.IsShortage;
        Outcome.Last = error;
        if (Outcome.IsShortage && !wasShort)
            options.Log?.Invoke($"The coordinator at {remote} is tried again: {DescriptorLimit.Shortage}.");
        owner.OnAttemptFailed(this);
        if (!_isStopped)
            _retry = reactor.After(_pause.Next(), Attempt);
    }

    private void Despair(RendezvousException error)
    {
        Outcome.Last = error;
        IsHopeless = true;
        owner.OnHopeless(this, error);
    }
}
