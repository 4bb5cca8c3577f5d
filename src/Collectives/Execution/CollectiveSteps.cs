using System.Buffers;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>A call that is made of several collectives, one after the other: its number is taken with the first, for all of them.</summary>
/// <remarks>
/// Between its steps other calls may be started, on one rank before a step and on another after it. So a later step takes nothing that
/// such calls change: neither a number nor the options that are set by then. The call keeps a communicator that is freed meanwhile.
/// </remarks>
internal sealed class CollectiveSteps : IDisposable
{
    private readonly Communicator _communicator;
    private readonly CollectiveEngine _engine;
    private readonly int _count;
    private readonly bool _makesChild;
    private readonly Communicator.CollectiveScope _scope;
    private CollectiveNumber? _number;
    private ulong? _reserved;
    private int _begun;
    private bool _isBetween;

    /// <param name="communicator">Where the call is made.</param>
    /// <param name="name">What the program calls; the same for all its forms.</param>
    /// <param name="count">How many collectives it is made of.</param>
    /// <param name="makesChild">Whether it ends with a new communicator.</param>
    public CollectiveSteps(Communicator communicator, string name, int count = 2, bool makesChild = false)
    {
        (_engine, _communicator, Name, _count, _makesChild) =
            (CollectiveEngine.Of(communicator), communicator, name, count, makesChild);
        Planner = _engine.Planner;
        _scope = communicator.EnterCollective();
    }

    public string Name { get; }

    /// <summary>Plans all steps.</summary>
    public CollectivePlanner Planner { get; }

    /// <summary>The number of the next step, which begins.</summary>
    public CollectiveNumber Next()
    {
        (_begun, _isBetween) = (_begun + 1, false);
        CollectiveNumber number = _engine.NumberAfter(_number);
        if (_number is null && _makesChild)
            _reserved = _communicator.ReserveChild(number);
        _number = number;
        return number;
    }

    /// <summary>Runs the next step on the calling thread.</summary>
    public unsafe void Run<T>(in PlanKey key, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged
    {
        fixed (T* from = send, to = receive)
            _engine.Run(key, (nint)from, (nint)to, op: null, typeof(T), this);
        _isBetween = _begun < _count;
    }

    /// <summary>Starts the next step. The number of the first one is taken when the call returns.</summary>
    public async ValueTask RunAsync<T>(
        PlanKey key, ReadOnlyMemory<T> send, Memory<T> receive, CancellationToken cancellationToken)
        where T : unmanaged
    {
        MemoryHandle from = send.Pin();
        MemoryHandle to = receive.Pin();
        await _engine.RunAsync(key, from, to, op: null, typeof(T), this, cancellationToken).ConfigureAwait(false);
        _isBetween = _begun < _count;
    }

    /// <summary>Plans the communicator that the call makes.</summary>
    public Communicator.Membership PlanChild(ReadOnlySpan<int> members, string name)
    {
        Communicator.Membership planned = _communicator.PlanChild(members, name, _reserved!.Value);
        _reserved = null;
        return planned;
    }

    /// <summary>Gives a communicator that the call has made the options of the one where it was called.</summary>
    public void HandDown(Communicator child) => CollectiveEngine.Inherit(child, Planner.Options);

    public void Dispose()
    {
        // The others cannot know, and would wait for this rank in the next step.
        if (_isBetween)
            _communicator.FailCollective($"{Name} #{_number!.Value.Call} ended between its steps on rank {_communicator.Rank}");
        if (_reserved is { } reserved)
            _communicator.ReleaseChild(reserved);
        _scope.Dispose();
    }
}
