using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>A schedule that moves on by itself, from round to round.</summary>
internal sealed class RunningSchedule(Communicator communicator) : RunningCollective(communicator.Messenger)
{
    // Copied or folded in about 10 µs, less than it takes to hand it to another thread.
    private const long ShortBytes = 64 * 1024;

    private Schedule? _schedule;
    private nint _send;
    private nint _receive;
    private nint _scratch;
    private CallBuffers _buffers;
    private ReduceOp? _op;
    private int _round;

    protected override bool HasRound => _round < _schedule!.Rounds.Length;

    protected override bool LocalStepsAreShort
    {
        get
        {
            long bytes = 0;
            foreach (ref readonly Step step in _schedule!.Locals(_schedule.Rounds[_round]))
            {
                if (step.Kind == StepKind.Reduce && !_op!.IsBuiltIn)
                    return false;
                bytes += step.Source.Length * step.Count;
            }

            return bytes <= ShortBytes;
        }
    }

    /// <summary>Before it is begun: what it does, on which buffers.</summary>
    public void Prepare(Schedule schedule, nint send, nint receive, ReduceOp? op) =>
        (_schedule, _send, _receive, _op, _round) = (schedule, send, receive, op, 0);

    /// <summary>Gives back what it rented.</summary>
    public void Clear()
    {
        if (_schedule is null)
            return;
        Release();
        ScratchMemory.Return(_scratch, _schedule.ScratchBytes);
        (_schedule, _buffers, _scratch, _op) = (null, default, 0, null);
    }

    protected override void RunFirstSteps()
    {
        _scratch = ScratchMemory.Rent(_schedule!.ScratchBytes);
        _buffers = new(_send, _receive, _scratch);
        while (HasRound && _schedule!.Rounds[_round].Posts == 0)
            RunLocalSteps();
    }

    protected override void Post(Communicator on, CompletionGroup group) =>
        RoundRunner.Post(on, group, _schedule!, _schedule!.Rounds[_round], _buffers);

    protected override void RunLocalSteps()
    {
        RoundRunner.RunLocals(_schedule!, _schedule!.Rounds[_round], _buffers, _op);
        _round++;
    }
}
