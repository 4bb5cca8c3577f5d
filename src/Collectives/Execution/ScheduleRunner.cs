using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>Runs schedules on the links of one communicator, round by round: posts, waits, copies and folds.</summary>
/// <remarks>It knows neither how a schedule came about nor which calls came before: that is the engine's.</remarks>
internal sealed class ScheduleRunner(Communicator communicator)
{
    private static readonly string[] Names = Enum.GetNames<Collective>();

    private readonly Stack<RunningSchedule> _pool = new();

    /// <summary>What a collective's messages are called in errors and reports.</summary>
    public static string NameOf(Collective collective) => Names[(int)collective];

    /// <summary>Runs all rounds on the calling thread, which drives progress.</summary>
    /// <param name="schedule">What this rank does.</param>
    /// <param name="name">The call's name in errors.</param>
    /// <param name="number">Its number, the same on all ranks.</param>
    /// <param name="send">The caller's send buffer, which stays where it is.</param>
    /// <param name="receive">The caller's receive buffer, likewise.</param>
    /// <param name="op">What folds; null where the schedule folds nothing.</param>
    public void Run(Schedule schedule, string name, CollectiveNumber number, nint send, nint receive, ReduceOp? op)
    {
        nint scratch = ScratchMemory.Rent(schedule.ScratchBytes);
        CallBuffers buffers = new(send, receive, scratch);
        CompletionGroup? group = null;
        try
        {
            foreach (ref readonly Round round in schedule.Rounds)
            {
                if (round.Posts > 0)
                {
                    using (communicator.EnterPosts())
                    {
                        group ??= communicator.RentCompletion(name, number);
                        Post(group, schedule, round, buffers);
                        communicator.WaitPosted(group);
                    }
                }

                RoundRunner.RunLocals(schedule, round, buffers, op);
            }
        }
        finally
        {
            if (group is not null)
                communicator.Return(group);
            ScratchMemory.Return(scratch, schedule.ScratchBytes);
        }
    }

    /// <summary>As <see cref="Run"/>, without a thread that waits: the first round is posted when the call returns.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(
        Schedule schedule, string name, CollectiveNumber number, nint send, nint receive, ReduceOp? op, CancellationToken cancellationToken)
    {
        RunningSchedule running = Rent();
        try
        {
            running.Prepare(schedule, send, receive, op);
            ValueTask done = running.BeginAsync(communicator, name, number);
            CancellationTokenRegistration registration = running.GiveUpOn(cancellationToken);
            await using (registration.ConfigureAwait(false))
                await done.ConfigureAwait(false);
        }
        finally
        {
            Return(running);
        }
    }

    /// <summary>Starts what is waited for by <see cref="Finish"/>; it moves on by itself.</summary>
    public RunningSchedule Start(Schedule schedule, string name, CollectiveNumber number, nint send, nint receive, ReduceOp? op)
    {
        RunningSchedule running = Rent();
        try
        {
            running.Prepare(schedule, send, receive, op);
            running.Begin(communicator, name, number);
            if (running.Error is { } error)
                ExceptionDispatchInfo.Throw(error);
            return running;
        }
        catch
        {
            Return(running);
            throw;
        }
    }

    public void Finish(RunningSchedule running)
    {
        try
        {
            running.Wait(communicator.Timeout);
        }
        finally
        {
            Return(running);
        }
    }

    /// <summary>Gives up what was started.</summary>
    public void Abandon(RunningSchedule running)
    {
        running.Abandon();
        Return(running);
    }

    /// <summary>Posts a round; one that cannot be posted as a whole takes back what was posted of it. Within the post scope.</summary>
    private void Post(CompletionGroup group, Schedule schedule, in Round round, in CallBuffers buffers)
    {
        try
        {
            RoundRunner.Post(communicator, group, schedule, round, buffers);
        }
        catch (Exception error)
        {
            group.Fail(error);
            group.Clear();
            throw;
        }
    }

    private RunningSchedule Rent()
    {
        lock (communicator.Messenger.Gate)
            return _pool.TryPop(out RunningSchedule? running) ? running : new RunningSchedule(communicator);
    }

    private void Return(RunningSchedule running)
    {
        lock (communicator.Messenger.Gate)
        {
            running.Clear();
            _pool.Push(running);
        }
    }
}
