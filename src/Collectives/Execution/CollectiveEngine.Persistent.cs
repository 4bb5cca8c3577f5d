using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

// Calls that are planned once and started many times.
internal sealed partial class CollectiveEngine
{
    /// <summary>The schedule of a call that will be started many times. Counts that ranks must tell each other travel now, once.</summary>
    public Schedule Prepare(in PlanKey key)
    {
        CollectivePlanner planner = _planner;
        Plan plan = planner.PlanOf(key);
        if (plan.Schedule is not null)
            return plan.Schedule;
        Begun call = new(planner, plan, _communicator.NextCollective());
        try
        {
            return WithCounts(call, key);
        }
        catch (Exception error)
        {
            _communicator.FailCollective(ScheduleRunner.NameOf(key.Collective), call.Number.Call, error);
            throw;
        }
    }

    /// <summary>Starts a prepared call: its rounds move on while the caller does something else.</summary>
    public RunningSchedule Start(Schedule schedule, in PlanKey key, nint send, nint receive, ReduceOp? op, Type? type)
    {
        CollectiveNumber number = Begin(key, op, type);
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
        CollectiveNumber number = Begin(key, op, type);
        return _runner.RunAsync(schedule, ScheduleRunner.NameOf(key.Collective), number, send, receive, op, cancellationToken);
    }

    private CollectiveNumber Begin(in PlanKey key, ReduceOp? op, Type? type)
    {
        _communicator.ThrowIfDisposed();
        CollectiveNumber number = _communicator.NextCollective();
        if (_planner.Checks)
        {
            CheckedCall call = new(key, op, type, Whole: null);
            Remember(number, call);
            Check(number.Next(CheckPart), call);
        }

        return number;
    }
}
