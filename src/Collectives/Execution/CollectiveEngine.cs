using System.Buffers;
using System.Runtime.CompilerServices;

namespace BoxerMpi.Collectives;

/// <summary>Runs collectives on one communicator: plans them, keeps the plans, numbers the calls.</summary>
/// <remarks>
/// A blocking call runs its rounds on the calling thread, which drives progress. An asynchronous call posts its first round before
/// it returns and goes on as rounds complete; several may be in flight, told apart by their numbers, which are taken at the start.
/// </remarks>
internal sealed partial class CollectiveEngine
{
    private readonly Communicator _communicator;
    private readonly ScheduleRunner _runner;
    private readonly Lock _gate = new();
    private PlanCache _plans = new();
    private CollectiveOptions _options;
    private CollectiveSelector _selector;

    private CollectiveEngine(Communicator communicator, CollectiveOptions options)
    {
        _communicator = communicator;
        _runner = new(communicator);
        _options = options;
        _selector = new(communicator.Topology, options);
    }

    /// <summary>Setting them drops the plans made so far.</summary>
    public CollectiveOptions Options
    {
        get => _options;
        set
        {
            lock (_gate)
            {
                _options = value;
                _selector = new(_communicator.Topology, value);
                _plans.Clear();
            }
        }
    }

    /// <summary>Other options until the result is disposed; the plans made so far are kept for afterwards.</summary>
    public IDisposable Use(CollectiveOptions options)
    {
        lock (_gate)
        {
            OptionsScope scope = new(this, _options, _selector, _plans);
            (_options, _selector, _plans) = (options, new(_communicator.Topology, options), new());
            return scope;
        }
    }

    public static CollectiveEngine Of(Communicator communicator)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        communicator.ThrowIfDisposed();
        return communicator.CollectiveState as CollectiveEngine ?? Create(communicator, CollectiveOptions.Default);
    }

    public static void SetOptions(Communicator communicator, CollectiveOptions options)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        communicator.ThrowIfDisposed();
        Create(communicator, options).Options = options;
    }

    /// <summary>Gives a new communicator the options of the one it was made from.</summary>
    public static void Inherit(Communicator child, CollectiveEngine parent) => Create(child, parent.Options);

    /// <summary>How a call would run.</summary>
    public Plan PlanOf(in PlanKey key)
    {
        lock (_gate)
        {
            if (_plans.TryGet(key, out Plan? plan))
                return plan;
            CollectiveAlgorithm algorithm = _selector.Select(key);
            CollectiveCall call = CallOf(key);
            plan = algorithm.BuildCounts is { } buildCounts && call.Size > 1
                ? new(algorithm, Schedule: null, buildCounts(call))
                : new(algorithm, algorithm.Build(call), Counts: null);
            _plans.Add(key, plan);
            return plan;
        }
    }

    /// <summary>Why a call would run so.</summary>
    public CollectiveExplanation Explain(in PlanKey key)
    {
        lock (_gate)
            return _selector.Explain(key);
    }

    /// <summary>Runs a collective on the calling thread.</summary>
    public void Run(in PlanKey key, nint send, nint receive, ReduceOp? op, Type? type)
    {
        Plan plan = PlanOf(key);
        string name = ScheduleRunner.NameOf(key.Collective);
        Numbers numbers = Begin(plan, key, op, type);
        try
        {
            if (numbers.Check >= 0)
                Check(numbers.Check, key, op, type);
            Schedule schedule = plan.Schedule ?? WithCounts(plan, key, numbers.Counts);
            _runner.Run(schedule, name, numbers.Call, send, receive, op);
        }
        catch (Exception error) when (error is not CollectiveMismatchException)
        {
            _communicator.FailCollective(name, numbers.Call, error);
            throw;
        }
    }

    /// <summary>Starts a collective; its first round is posted when the call returns, and its numbers are taken.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(
        PlanKey key, MemoryHandle send, MemoryHandle receive, ReduceOp? op, Type? type, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(key, AddressOf(send), AddressOf(receive), op, type, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            send.Dispose();
            receive.Dispose();
        }
    }

    /// <summary>As the other form, with buffers that stay where they are by themselves.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(PlanKey key, nint send, nint receive, ReduceOp? op, Type? type, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Plan plan = PlanOf(key);
        string name = ScheduleRunner.NameOf(key.Collective);
        Numbers numbers = Begin(plan, key, op, type);
        using Communicator.CollectiveScope? steps = numbers.AreSeveral ? _communicator.EnterCollective() : null;
        try
        {
            if (numbers.Check >= 0)
                await CheckAsync(numbers.Check, key, op, type, cancellationToken).ConfigureAwait(false);
            Schedule schedule = plan.Schedule
                ?? await WithCountsAsync(plan, key, numbers.Counts, cancellationToken).ConfigureAwait(false);
            await _runner.RunAsync(schedule, name, numbers.Call, send, receive, op, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not CollectiveMismatchException)
        {
            _communicator.FailCollective(name, numbers.Call, error);
            throw;
        }
    }

    /// <summary>As the other forms, on one value that is sent and received.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> RunValueAsync<T>(PlanKey key, T value, ReduceOp? op, CancellationToken cancellationToken)
        where T : unmanaged
    {
        nint buffer = ScratchMemory.Rent(Unsafe.SizeOf<T>());
        try
        {
            Write(buffer, value);
            await RunAsync(key, buffer, buffer, op, typeof(T), cancellationToken).ConfigureAwait(false);
            return Read(buffer);
        }
        finally
        {
            ScratchMemory.Return(buffer, Unsafe.SizeOf<T>());
        }

        static unsafe void Write(nint buffer, T value) => *(T*)buffer = value;

        static unsafe T Read(nint buffer) => *(T*)buffer;
    }

    /// <summary>The algorithm that a call on this communicator uses, for reports.</summary>
    public static string AlgorithmFor(
        Communicator communicator, Collective collective, long bytes, int elementSize = 1, int root = 0, bool commutative = true) =>
        Of(communicator).PlanOf(new(collective, bytes, elementSize) { Root = root, Commutative = commutative }).Algorithm.Name;

    /// <summary>The engine of the communicator: a new one with these options, unless it has one or gets it from another thread.</summary>
    private static CollectiveEngine Create(Communicator communicator, CollectiveOptions options) =>
        (CollectiveEngine)communicator.KeepCollectiveState(communicator.CollectiveState ?? new CollectiveEngine(communicator, options));

    private static unsafe nint AddressOf(in MemoryHandle handle) => (nint)handle.Pointer;

    /// <summary>Takes the numbers of everything that a call sends, in the order that is the same on every rank.</summary>
    private Numbers Begin(Plan plan, in PlanKey key, ReduceOp? op, Type? type)
    {
        long check = _options.Check && _communicator.Size > 1 ? _communicator.NextCollective() : -1;

        // Ranks that turn out to call different collectives have taken as many numbers, and may go on.
        long counts = plan.Counts is null && check < 0 ? -1 : _communicator.NextCollective();
        long call = _communicator.NextCollective();
        if (check >= 0)
            Remember(call, key, op, type);
        return new(check, counts, call);
    }

    /// <summary>Lets the ranks tell each other the counts that the algorithm needs, and makes the schedule.</summary>
    private unsafe Schedule WithCounts(Plan plan, in PlanKey key, long sequence)
    {
        CollectiveCall call = CallOf(key);
        long[] own = OwnCounts(call);
        long[] known = new long[plan.Algorithm.CountsLength!(call)];
        fixed (long* send = own, receive = known)
            _runner.Run(plan.Counts!, ScheduleRunner.NameOf(key.Collective), sequence, (nint)send, (nint)receive, op: null);
        return plan.Algorithm.Build(call with { Known = known });
    }

    private async ValueTask<Schedule> WithCountsAsync(Plan plan, PlanKey key, long sequence, CancellationToken cancellationToken)
    {
        CollectiveCall call = CallOf(key);
        long[] known = new long[plan.Algorithm.CountsLength!(call)];
        using MemoryHandle send = OwnCounts(call).AsMemory().Pin();
        using MemoryHandle receive = known.AsMemory().Pin();
        string name = ScheduleRunner.NameOf(key.Collective);
        await _runner.RunAsync(plan.Counts!, name, sequence, AddressOf(send), AddressOf(receive), op: null, cancellationToken)
            .ConfigureAwait(false);
        return plan.Algorithm.Build(call with { Known = known });
    }

    /// <summary>What this rank tells the others: the layout it sends by, or at the root the one it receives by.</summary>
    private static long[] OwnCounts(in CollectiveCall call) => (call.SendLayout ?? call.ReceiveLayout)?.Counts.ToArray() ?? [];

    private CollectiveCall CallOf(in PlanKey key) => new()
    {
        Collective = key.Collective,
        Rank = _communicator.Rank,
        Size = _communicator.Size,
        Topology = _communicator.Topology,
        Root = key.Root,
        Bytes = key.Bytes,
        ElementSize = key.ElementSize,
        Commutative = key.Commutative,
        StageSend = key.StageSend,
        InPlace = key.InPlace,
        Neighbours = (_communicator as NeighbourCommunicator)?.Neighbourhood,
        SendLayout = key.SendLayout,
        ReceiveLayout = key.ReceiveLayout,
        Window = _options.Window,
        SegmentBytes = _options.SegmentBytes,
    };

    private sealed class OptionsScope(CollectiveEngine engine, CollectiveOptions options, CollectiveSelector selector, PlanCache plans)
        : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            lock (engine._gate)
            {
                if (!_ended)
                    (engine._options, engine._selector, engine._plans) = (options, selector, plans);
                _ended = true;
            }
        }
    }

    /// <summary>The numbers of what a call sends; -1 for what it does not.</summary>
    private readonly record struct Numbers(long Check, long Counts, long Call)
    {
        /// <summary>Whether it is made of several collectives.</summary>
        public bool AreSeveral => Check >= 0 || Counts >= 0;
    }
}
