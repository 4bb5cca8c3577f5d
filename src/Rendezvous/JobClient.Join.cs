using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

internal sealed partial class JobClient
{
    private JoinerApproach? _approach;

    /// <summary>Joins a job and waits until its gate is open.</summary>
    /// <exception cref="RendezvousException">The coordinator is not reached, or rejects; the reason says why and the message what to try.</exception>
    /// <exception cref="JobAbortedException">The job was aborted before it started.</exception>
    public static Task<JobClient> JoinAsync(JoinOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<JobClient>(cancellationToken);
        DescriptorLimit.Raise();
        long start = options.Time.GetTimestamp();
        JobClient client;
        try
        {
            client = DescriptorWait.For(() => new JobClient(options), options, cancellationToken);
        }
        catch (RendezvousException error)
        {
            return Task.FromException<JobClient>(error);
        }
        catch (OperationCanceledException)
        {
            return Task.FromCanceled<JobClient>(cancellationToken);
        }

        TimeSpan left = options.Timeout - options.Time.GetElapsedTime(start);
        client._reactor.Post(() => client.BeginJoin(left > TimeSpan.Zero ? left : TimeSpan.Zero));
        client.CancelOn(client._joined.Task, () => client.FailJoin(new OperationCanceledException(cancellationToken)), cancellationToken);
        return client._joined.Task;
    }

    private void BeginJoin(TimeSpan timeout) => _approach = new JoinerApproach(
        _reactor, _options, _links.Ports, _options.RequestedRank ?? -1, resumed: false, timeout, OnAccepted, FailJoin);

    private void OnAccepted(FrameConnection connection, AcceptedMessage accepted)
    {
        _approach = null;
        _accepted = accepted;
        Adopt(connection);
        BeginHeartbeat();
    }

    /// <summary>A frame while the job waits for its other ranks.</summary>
    private void OnFrameAtGate(ControlKind kind, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case ControlKind.Heartbeat or ControlKind.MemberLost:
                break;
            case ControlKind.Start:
                OpenGate(payload);
                break;
            case ControlKind.Rejected:
                FailJoin(ControlHandshake.Rejected(_options.Seed, RejectedMessage.Decode(payload)));
                break;
            case ControlKind.Abort:
                FailJoin(ShortMessages.DecodeAbort(payload).ToException());
                break;
            default:
                throw new WireFormatException($"A frame of kind {(byte)kind} came before the start.");
        }
    }

    private void OpenGate(ReadOnlySpan<byte> table)
    {
        AcceptedMessage accepted = _accepted!;
        try
        {
            _topology = accepted.Topology.Length == 0 ? Topology.Default(accepted.Size) : Topology.Parse(accepted.Topology, accepted.Size);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            FailJoin(new RendezvousException(
                RendezvousFailure.ProtocolVersion, ControlHandshake.Name(_options.Seed), $"The job's topology is not understood: {error.Message}", error));
            return;
        }

        _members = StartMessage.Decode(table, accepted.Size, out _deadline);
        _startedAt = _reactor.Now;
        _links.Open(new LinkWorld(JobId, _options.Token, accepted.Epoch, accepted.Rank, _members, accepted.RelayAllowed));
        _joined.TrySetResult(this);
    }

    private void FailJoin(Exception error)
    {
        if (_joined.Task.IsCompleted || _isClosing)
            return;
        Close(error);

        // Whoever sees the error finds the port free again.
        if (error is OperationCanceledException cancelled)
            _joined.TrySetCanceled(cancelled.CancellationToken);
        else
            _joined.TrySetException(error);
    }

    private RendezvousException LostAtGate(string reason)
    {
        string name = ControlHandshake.Name(_options.Seed);
        return new RendezvousException(
            RendezvousFailure.ConnectionLost,
            name,
            $"The coordinator at {name} was lost while job '{_options.JobId}' waited for its other ranks: {reason}. See whether it still runs, and start the job again.");
    }
}
