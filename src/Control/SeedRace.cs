using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Control;

/// <summary>A coordinator that has answered the hello; what is left is to ask, behind a proof.</summary>
internal sealed record SeedGreeting(ControlChannel Channel, JoinerHandshake Handshake);

/// <summary>
/// Looks for a coordinator at all its addresses: each is tried again and again, a quarter of a second after the one before it or once that
/// has failed; the first that answers wins.
/// </summary>
internal sealed class SeedRace(SeedTarget target)
{
    private readonly List<SeedTry> _tries = [];

    /// <summary>What has come of each address, for a message.</summary>
    public IReadOnlyList<SeedTry> Tries => _tries;

    /// <exception cref="RendezvousException">What answers is no coordinator, or it rejects.</exception>
    /// <exception cref="SocketException">The name is not known, or cannot be looked up now.</exception>
    public async Task<SeedGreeting> RunAsync(CancellationToken cancellationToken)
    {
        IPEndPoint[] addresses = await target.ResolveAsync(cancellationToken).ConfigureAwait(false);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<SeedGreeting>> running = [];
        SeedGreeting? winner = null;
        try
        {
            RendezvousException? noCoordinator = null;
            for (int next = 0; winner is null;)
            {
                Task first = Task.CompletedTask;
                if (next < addresses.Length)
                {
                    TaskCompletionSource hasFailed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    running.Add(ReachAsync(TryOf(addresses[next++]), hasFailed, over.Token));
                    Task patience = Task.Delay(SeedTarget.Stagger, target.Time, over.Token);
                    first = await Task.WhenAny([.. running, hasFailed.Task, patience]).ConfigureAwait(false);
                }
                else if (running.Count > 0)
                {
                    first = await Task.WhenAny(running).ConfigureAwait(false);
                }
                else
                {
                    throw noCoordinator!;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (first is not Task<SeedGreeting> ended)
                    continue;
                try
                {
                    winner = await ended.ConfigureAwait(false);
                }
                catch (RendezvousException error) when (error.Reason == RendezvousFailure.ProtocolVersion)
                {
                    // Something else has the port there; another address may be the coordinator's.
                    noCoordinator ??= error;
                    running.Remove(ended);
                }
            }

            return winner;
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            foreach (Task<SeedGreeting> late in running)
            {
                await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (late.IsCompletedSuccessfully && !ReferenceEquals(await late.ConfigureAwait(false), winner))
                    (await late.ConfigureAwait(false)).Channel.Dispose();
            }
        }
    }

    private SeedTry TryOf(IPEndPoint remote)
    {
        SeedTry? known = _tries.Find(one => one.Remote.Equals(remote));
        if (known is null)
            _tries.Add(known = new SeedTry(remote));
        return known;
    }

    private async Task<SeedGreeting> ReachAsync(SeedTry one, TaskCompletionSource hasFailed, CancellationToken cancellationToken)
    {
        for (Backoff pause = new(); ;)
        {
            try
            {
                one.Attempts++;
                return await GreetAsync(one, cancellationToken).ConfigureAwait(false);
            }
            catch (WireFormatException error)
            {
                RendezvousException wrong = ControlHandshake.NoCoordinator(target.Seed, error.Message, error);
                one.Last = wrong;
                throw wrong;
            }
            catch (Exception error) when (error is SocketException or EndOfStreamException)
            {
                one.Last = error;
                hasFailed.TrySetResult();
            }

            await Task.Delay(pause.Next(), target.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<SeedGreeting> GreetAsync(SeedTry one, CancellationToken cancellationToken)
    {
        IPEndPoint remote = one.Remote;
        Socket socket = new(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        one.HasSocket();
        ControlChannel? channel = null;
        try
        {
            await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            channel = new ControlChannel(socket, target.Time, queueLimit: 1024);
            JoinerHandshake handshake = new(target.Seed, target.JobId, target.Token);
            channel.Post(handshake.Hello());
            ControlFrame answer = await ControlHandshake.ReadAsync(channel, cancellationToken).ConfigureAwait(false);
            handshake.TakeChallenge(answer.Kind, answer.Payload.Span);
            return new SeedGreeting(channel, handshake);
        }
        catch
        {
            channel?.Dispose();
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>What has come of one address of a coordinator.</summary>
internal sealed class SeedTry(IPEndPoint remote)
{
    public IPEndPoint Remote => remote;

    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed; <see langword="null"/> while nothing has answered.</summary>
    public Exception? Last { get; set; }

    /// <summary>Whether this process had no descriptor for the last attempt.</summary>
    public bool IsShortage => Last is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets }
        or RendezvousException { Reason: RendezvousFailure.OutOfDescriptors };

    /// <summary>This attempt has a socket: a shortage is over, and no reason any more for what comes of it.</summary>
    public void HasSocket()
    {
        if (IsShortage)
            Last = null;
    }

    public override string ToString() => Last is null ? $"{remote.Address} does not answer" : $"{remote.Address}: {Last.Message}";
}
