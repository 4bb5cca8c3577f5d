using BoxerMpi.Internal;

namespace BoxerMpi.Collectives;

// Calls that are planned once and started many times.
internal sealed partial class CollectiveEngine
{
    /// <summary>The schedule of a call that will be started many times. Counts that ranks must tell each other travel now, once.</summary>
    public Schedule Prepare(in PlanKey key)
    {
        Plan plan = PlanOf(key);
        return plan.Schedule ?? WithCounts(plan, key, _communicator.NextCollective());
    }

    /// <summary>Starts a prepared call: its first round is posted, and moves on while the caller does something else.</summary>
    public void Start(ref StartedCall call, Schedule schedule, in PlanKey key, nint send, nint receive, ReduceOp? op, Type? type)
    {
        long number = Begin(key, op, type);
        call = new()
        {
            Scratch = ScratchMemory.Rent(schedule.ScratchBytes),
            Group = _communicator.RentCompletion(ScheduleRunner.NameOf(key.Collective), number),
        };
        CallBuffers buffers = new(send, receive, call.Scratch);
        try
        {
            // Local steps that come before any message are done at once.
            for (; call.Round < schedule.Rounds.Length && schedule.Rounds[call.Round].Posts == 0; call.Round++)
                RoundRunner.RunLocals(schedule, schedule.Rounds[call.Round], buffers, op);
            if (call.Round == schedule.Rounds.Length)
                return;
            using (_communicator.EnterPosts())
            {
                _runner.Post(call.Group!, schedule, schedule.Rounds[call.Round], buffers);
                _communicator.LeavePosted();
            }
        }
        catch
        {
            End(ref call, schedule);
            throw;
        }
    }

    /// <summary>Runs what is left of a started call on the calling thread.</summary>
    public void Finish(ref StartedCall call, Schedule schedule, nint send, nint receive, ReduceOp? op)
    {
        CallBuffers buffers = new(send, receive, call.Scratch);
        try
        {
            bool isPosted = call.Round < schedule.Rounds.Length;
            if (isPosted)
                _communicator.TakePosted();
            for (; call.Round < schedule.Rounds.Length; call.Round++)
            {
                ref readonly Round round = ref schedule.Rounds[call.Round];
                if (round.Posts > 0)
                {
                    using (_communicator.EnterPosts())
                    {
                        if (!isPosted)
                            _runner.Post(call.Group!, schedule, round, buffers);
                        _communicator.WaitPosted(call.Group!);
                    }
                }

                isPosted = false;
                RoundRunner.RunLocals(schedule, round, buffers, op);
            }
        }
        finally
        {
            End(ref call, schedule);
        }
    }

    /// <summary>Gives up a started call. The others wait for it, so the communicator is revoked.</summary>
    public void Abandon(ref StartedCall call, Schedule schedule)
    {
        if (call.Round < schedule.Rounds.Length)
        {
            _communicator.AbandonPosted(call.Group!, new OperationCanceledException(
                $"{call.Group!.Operation} #{call.Group.Sequence} was disposed before it was done; the communicator is revoked."));
        }

        End(ref call, schedule);
    }

    /// <summary>As <see cref="Start"/> to the end, as an asynchronous call.</summary>
    public ValueTask StartAsync(
        Schedule schedule, in PlanKey key, nint send, nint receive, ReduceOp? op, Type? type, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long number = Begin(key, op, type);
        return _runner.RunAsync(schedule, ScheduleRunner.NameOf(key.Collective), number, send, receive, op, cancellationToken);
    }

    private long Begin(in PlanKey key, ReduceOp? op, Type? type)
    {
        long check = _options.Check && _communicator.Size > 1 ? _communicator.NextCollective() : -1;
        long number = _communicator.NextCollective();
        Remember(number, key, op, type);
        if (check >= 0)
            Check(check, key, op, type);
        return number;
    }

    private void End(ref StartedCall call, Schedule schedule)
    {
        _runner.Release(call.Group);
        ScratchMemory.Return(call.Scratch, schedule.ScratchBytes);
        call = default;
    }
}

/// <summary>Where a started call is.</summary>
internal record struct StartedCall
{
    public CompletionGroup? Group { get; init; }

    public nint Scratch { get; init; }

    /// <summary>The round that is posted.</summary>
    public int Round { get; set; }
}
