using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Internal;
using BoxerMpi.Rendezvous;
using BoxerMpi.Transport;

namespace BoxerMpi;

/// <summary>
/// This process as a rank of a job: joined, linked, with the communicator of all ranks. Disposing it ends the rank in order.
/// </summary>
public sealed class MpiEnvironment : IAsyncDisposable, IDisposable
{
    // A rank that is done waits for the others before it closes its links; a failed one ends this through the abort channel.
    private static readonly TimeSpan FinalTimeout = TimeSpan.FromHours(1);

    private static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(10);

    private readonly JobClient? _job;
    private readonly Messenger _messenger;
    private readonly bool _unpaced;
    private readonly CancellationTokenSource _aborted = new();
    private readonly TaskCompletionSource<AbortInfo> _abortedByOther = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    private MpiEnvironment(JobClient? job, Messenger messenger, Topology topology, Settings settings)
    {
        (_job, _messenger, _unpaced) = (job, messenger, !settings.CoresAreCrowded);

        // Asked for after the end as well, by a rank that fails while it ends.
        Aborted = _aborted.Token;
        World = Communicator.CreateWorld(messenger, topology);
        if (settings.Timeout is { } timeout)
            World.Timeout = timeout;
    }

    /// <summary>The communicator of all ranks of the job.</summary>
    public Communicator World { get; }

    /// <summary>Fires when the job was aborted by another rank or the launcher.</summary>
    /// <remarks>
    /// Operations fail then. <see cref="MpiProgram"/> also ends the process of a body that does not return; a program with a <c>Main</c>
    /// of its own sees to that itself.
    /// </remarks>
    public CancellationToken Aborted { get; }

    /// <summary>
    /// Joins the job that the environment names (BOXER_SEED and others, set by the launcher), or makes a job of one rank.
    /// </summary>
    /// <exception cref="RendezvousException">The coordinator did not take this rank, or could not be reached.</exception>
    /// <exception cref="LinkException">A link of the job's topology could not be set up.</exception>
    internal static MpiEnvironment Start() => Start(JobEnvironment.Read());

    /// <summary>Joins a job, or makes one of one rank.</summary>
    internal static MpiEnvironment Start(JoinOptions? join)
    {
        // The same as StartAsync without its state machines: a rank that starts compiles every method that it runs.
        DescriptorLimit.Raise();
        if (join is null)
            return Alone();
        Poller poller = DescriptorWait.For(Poller.Create, join, CancellationToken.None);
        JobClient job;
        try
        {
            job = JobClient.JoinAsync(join).GetAwaiter().GetResult();
        }
        catch
        {
            poller.Dispose();
            throw;
        }

        try
        {
            MpiEnvironment environment = Joined(job, poller);
            environment.WireUpAsync(CancellationToken.None).GetAwaiter().GetResult();
            environment.AddRoutes();
            return environment;
        }
        catch (Exception exception)
        {
            GiveUpAsync(job, exception).GetAwaiter().GetResult();
            throw;
        }
    }

    /// <inheritdoc cref="Start()"/>
    internal static Task<MpiEnvironment> StartAsync(CancellationToken cancellationToken) =>
        StartAsync(JobEnvironment.Read(), cancellationToken);

    /// <inheritdoc cref="Start(JoinOptions?)"/>
    internal static async Task<MpiEnvironment> StartAsync(JoinOptions? join, CancellationToken cancellationToken)
    {
        DescriptorLimit.Raise();
        if (join is null)
            return Alone();
        Poller poller = DescriptorWait.For(Poller.Create, join, cancellationToken);
        JobClient job;
        try
        {
            job = await JobClient.JoinAsync(join, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            poller.Dispose();
            throw;
        }

        try
        {
            MpiEnvironment environment = Joined(job, poller);
            await environment.WireUpAsync(cancellationToken).ConfigureAwait(false);
            environment.AddRoutes();
            return environment;
        }
        catch (Exception exception)
        {
            await GiveUpAsync(job, exception).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends the job on all ranks.</summary>
    /// <param name="exitCode">What the launcher exits with.</param>
    /// <param name="message">Why; shown first by the launcher.</param>
    public Task AbortAsync(int exitCode, string message) => AbortAsync(exitCode, message, null);

    /// <summary>Ends the job because of an error: one of this rank's own, or one that tells of another rank's end.</summary>
    internal async Task AbortAsync(int exitCode, string message, Exception? error)
    {
        if (_job is not null)
            await (error is null ? _job.AbortAsync(exitCode, message) : _job.AbortAsync(exitCode, message, error)).ConfigureAwait(false);
        _messenger.Fail(new JobAbortedException($"Rank {World.Rank} aborted the job: {message}")
        {
            AbortingRank = World.Rank,
            ExitCode = exitCode,
            RemoteMessage = message,
            Rank = World.Rank,
        });
    }

    /// <summary>Ends the job as the program says, with what it says for the user: boxer shows that once, or this rank if it is alone.</summary>
    /// <returns>The exit code.</returns>
    internal async ValueTask<int> QuitAsync(QuitException quit)
    {
        bool isTold = Aborted.IsCancellationRequested ||
            (_job is not null && await _job.AbortAsync(quit.ExitCode, quit.Message).ConfigureAwait(false));
        if (!isTold)
            await Console.Error.WriteLineAsync(quit.Message).ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
        return quit.ExitCode;
    }

    /// <summary>The abort by another rank or the launcher, once there is one.</summary>
    internal Task<AbortInfo> AbortedByOther => _abortedByOther.Task;

    /// <summary>Ends when the job was aborted, or after this time.</summary>
    internal async Task WaitForAbortAsync(TimeSpan timeout)
    {
        if (_job is null)
            return;
        try
        {
            await Task.Delay(timeout, Aborted).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It was.
        }
    }

    /// <summary>Waits for the other ranks, then closes the links and leaves the job.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        try
        {
            Part();
            if (_job is not null)
                await _job.LeaveAsync(_messenger.Traffic).ConfigureAwait(false);
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        try
        {
            Part();
            _job?.LeaveAsync(_messenger.Traffic).GetAwaiter().GetResult();
        }
        finally
        {
            EndAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Lets go of everything without waiting for anybody: the rank has failed.</summary>
    internal ValueTask EndAsync()
    {
        _disposed = true;
        _messenger.Dispose();
        _aborted.Dispose();
        return _job?.DisposeAsync() ?? default;
    }

    /// <summary>Blocks: the end of a rank is nothing to do other work beside.</summary>
    private void Part()
    {
        if (World.Size == 1 || _aborted.IsCancellationRequested)
            return;
        World.Timeout = FinalTimeout;
        World.Barrier();
        _messenger.SayGoodbye(GoodbyeTimeout);
    }

    private static MpiEnvironment Alone()
    {
        Messenger messenger =
            new(0, 1, Settings.OfEnvironment.Messages(relay: false)) { RemainingTime = JobEnvironment.Deadline() - DateTimeOffset.UtcNow };
        return new(null, messenger, Topology.Mesh(1), Settings.OfEnvironment);
    }

    private static MpiEnvironment Joined(JobClient job, Poller poller)
    {
        Settings settings = new(job.Options, Environment.GetEnvironmentVariable);
        MessengerOptions messages = settings.Messages(job.OffTopology == OffTopologyPolicy.Relay);
        Messenger messenger = new(job.Rank, job.Size, messages, poller) { RemainingTime = job.RemainingTime };
        MpiEnvironment environment = new(job, messenger, job.Topology, settings);
        job.Aborted += environment.OnAborted;
        job.MemberLost += messenger.PeerLost;
        messenger.LinkWanted = environment.OffTopology;
        return environment;
    }

    private static async Task GiveUpAsync(JobClient job, Exception exception)
    {
        await job.AbortAsync(1, $"rank {job.Rank} could not start: {exception.Message}", exception).ConfigureAwait(false);
        await job.DisposeAsync().ConfigureAwait(false);
    }

    private Task<WireUpReport> WireUpAsync(CancellationToken cancellationToken) =>
        _job!.WireUpAsync(_job.Topology, OnLink, cancellationToken: cancellationToken);

    private void AddRoutes()
    {
        if (_job!.OffTopology == OffTopologyPolicy.Relay)
            Routing.AddRoutes(_messenger, _job.Topology);
    }

    private void OnLink(int peer, Socket socket)
    {
        try
        {
            _messenger.AddLink(peer, TcpChannel.Create(socket, _unpaced));
        }
        catch (ObjectDisposedException)
        {
            // The rank ended while a peer was connecting.
            socket.Dispose();
        }
    }

    private LinkException? OffTopology(int peer)
    {
        JobClient job = _job!;
        if (job.OffTopology == OffTopologyPolicy.Refuse)
            return Routing.Refused(World.Rank, peer, job.Topology);
        _ = ConnectAsync(job, peer);
        return null;
    }

    private async Task ConnectAsync(JobClient job, int peer)
    {
        try
        {
            // Completes on another thread: the caller holds the messenger's gate and gets it back first.
            await job.ConnectAsync(peer, World.Timeout).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is MpiException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or IOException or SocketException)
        {
            await Task.Yield();
            _messenger.LinkFailed(
                peer,
                exception as LinkException ?? new LinkException(
                    peer, LinkStage.Punch, 1, $"No link to rank {peer}: {exception.Message}", exception));
        }
    }

    private void OnAborted(AbortInfo abort)
    {
        if (abort.Rank == World.Rank)
            return;
        _messenger.Fail(abort.ToException());
        _abortedByOther.TrySetResult(abort);
        try
        {
            // What hangs on the token runs elsewhere: this is the rendezvous' only thread.
            _ = _aborted.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The rank has ended.
        }
    }
}
