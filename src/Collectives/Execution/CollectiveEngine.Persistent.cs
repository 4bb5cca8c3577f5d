using BoxerMpi.Internal;

namespace BoxerMpi.Collectives;

// Calls that are planned once and started many times.
internal sealed partial class CollectiveEngine
{
    /// <summary>The schedule of a call that will be started many times. Counts that ranks must tell each other travel now, once.</summary>
    public Schedule Prepare(in PlanKey key)
    {
        Plan plan = PlanOf(key);
        if (plan.Schedule is not null)
            return plan.Schedule;
        long number = _communicator.NextCollective();
        try
        {
            return WithCounts(plan, key, number);
        }
        catch (Exception error)
        {
            _communicator.FailCollective(ScheduleRunner.NameOf(key.Collective), number, error);
            throw;
        }
    }

    /// <summary>Starts a prepared call: its rounds move on while the caller does something else.</summary>
    public RunningSchedule Start(Schedule schedule, in PlanKey key, nint send, nint receive, ReduceOp? op, Type? type)
    {
        long number = Begin(key, op, type);
        return _runner.Start(schedule, ScheduleRunner.NameOf(key.Collective), number, send, receive, op);
    }

    /// <summary>Waits for the end of a started call.</summary>
    public void Finish(RunningSchedule call) => _runner.Finish(call);

    /// <summary>Gives up a started call. The others wait for it, so the communicator is revoked.</summary>
    public void Abandon(RunningSchedule call) => _runner.Abandon(call);

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
        _communicator.ThrowIfDisposed();
        long check = _options.Check && _communicator.Size > 1 ? _communicator.NextCollective() : -1;
        long number = _communicator.NextCollective();
        if (check >= 0)
        {
            Remember(number, key, op, type);
            Check(check, key, op, type);
        }

        return number;
    }
}
