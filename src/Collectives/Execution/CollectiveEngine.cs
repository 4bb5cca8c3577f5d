using System.Buffers;
using System.Runtime.CompilerServices;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>Runs collectives on one communicator, and numbers the calls.</summary>
/// <remarks>
/// A blocking call runs its rounds on the calling thread, which drives progress. An asynchronous call posts its first round before
/// it returns and goes on as rounds complete; several may be in flight, told apart by their numbers, which are taken at the start.
/// A call takes one number, whatever it is made of: so ranks stay in step also where one has to do in parts what another does not, or
/// where they turn out to call different collectives.
/// </remarks>
internal sealed partial class CollectiveEngine
{
    // Parts of a call's number: the collective itself, what ranks tell each other for it, and so on with the next step.
    private const int CountsPart = 1;
    private const int CheckPart = 2;
    private const int PartsPerStep = 3;

    private readonly Communicator _communicator;
    private readonly ScheduleRunner _runner;
    private readonly Lock _gate = new();
    private CollectivePlanner _planner;

    private CollectiveEngine(Communicator communicator, CollectiveOptions options)
    {
        _communicator = communicator;
        _runner = new(communicator);
        _planner = new(communicator, options);
    }

    /// <summary>Setting them drops the plans made so far. Calls that have begun go on with those from before.</summary>
    public CollectiveOptions Options
    {
        get => _planner.Options;
        set => _planner = new(_communicator, value);
    }

    /// <summary>Plans what begins now.</summary>
    public CollectivePlanner Planner => _planner;

    /// <summary>Other options until the result is disposed; the plans made so far are kept for afterwards.</summary>
    public IDisposable Use(CollectiveOptions options)
    {
        OptionsScope scope = new(this, _planner);
        _planner = new(_communicator, options);
        return scope;
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
    public static void Inherit(Communicator child, CollectiveOptions options) => Create(child, options);

    /// <summary>Runs a collective on the calling thread.</summary>
    /// <param name="key">The call.</param>
    /// <param name="send">The caller's send buffer, which stays where it is.</param>
    /// <param name="receive">The caller's receive buffer, likewise.</param>
    /// <param name="op">What folds, if anything does.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="whole">The call of several steps of which this is the next, or null.</param>
    public void Run(in PlanKey key, nint send, nint receive, ReduceOp? op, Type? type, CollectiveSteps? whole = null)
    {
        Begun call = Begin(key, op, type, whole);
        string name = ScheduleRunner.NameOf(key.Collective);
        try
        {
            if (call.IsChecked)
                Check(call.Number.Next(CheckPart), new(key, op, type, whole?.Name));
            Schedule schedule = call.Plan.Schedule ?? WithCounts(call, key);
            _runner.Run(schedule, name, call.Number, send, receive, op);
        }
        catch (Exception error) when (error is not CollectiveMismatchException)
        {
            _communicator.FailCollective(name, call.Number.Call, error);
            throw;
        }
    }

    /// <summary>Starts a collective; its first round is posted when the call returns, and its number is taken.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(
        PlanKey key, MemoryHandle send, MemoryHandle receive, ReduceOp? op, Type? type, CollectiveSteps? whole,
        CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(key, AddressOf(send), AddressOf(receive), op, type, whole, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            send.Dispose();
            receive.Dispose();
        }
    }

    /// <summary>As the other form, with buffers that stay where they are by themselves.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(
        PlanKey key, nint send, nint receive, ReduceOp? op, Type? type, CollectiveSteps? whole, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Begun call = Begin(key, op, type, whole);
        string name = ScheduleRunner.NameOf(key.Collective);
        using Communicator.CollectiveScope? parts = whole is null && call.HasParts ? _communicator.EnterCollective() : null;
        try
        {
            if (call.IsChecked)
                await CheckAsync(call.Number.Next(CheckPart), new(key, op, type, whole?.Name), cancellationToken).ConfigureAwait(false);
            Schedule schedule = call.Plan.Schedule ?? await WithCountsAsync(call, key, cancellationToken).ConfigureAwait(false);
            await _runner.RunAsync(schedule, name, call.Number, send, receive, op, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not CollectiveMismatchException)
        {
            _communicator.FailCollective(name, call.Number.Call, error);
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
            await RunAsync(key, buffer, buffer, op, typeof(T), whole: null, cancellationToken).ConfigureAwait(false);
            return Read(buffer);
        }
        finally
        {
            ScratchMemory.Return(buffer, Unsafe.SizeOf<T>());
        }

        static unsafe void Write(nint buffer, T value) => *(T*)buffer = value;

        static unsafe T Read(nint buffer) => *(T*)buffer;
    }

    /// <summary>The number of the next step of a call of several.</summary>
    public CollectiveNumber NumberAfter(CollectiveNumber? last) => last?.Next(PartsPerStep) ?? _communicator.NextCollective();

    /// <summary>The algorithm that a call on this communicator uses, for reports.</summary>
    public static string AlgorithmFor(
        Communicator communicator, Collective collective, long bytes, int elementSize = 1, int root = 0, bool commutative = true) =>
        Of(communicator).Planner.PlanOf(new(collective, bytes, elementSize) { Root = root, Commutative = commutative }).Algorithm.Name;

    /// <summary>The engine of the communicator: a new one with these options, unless it has one or gets it from another thread.</summary>
    private static CollectiveEngine Create(Communicator communicator, CollectiveOptions options) =>
        (CollectiveEngine)communicator.KeepCollectiveState(communicator.CollectiveState ?? new CollectiveEngine(communicator, options));

    private static unsafe nint AddressOf(in MemoryHandle handle) => (nint)handle.Pointer;

    /// <summary>Plans a call and takes its number; whatever it sends has parts of that, however many they turn out to be.</summary>
    private Begun Begin(in PlanKey key, ReduceOp? op, Type? type, CollectiveSteps? whole)
    {
        CollectivePlanner planner = whole?.Planner ?? _planner;
        Plan plan = planner.PlanOf(key);
        CollectiveNumber number = whole?.Next() ?? _communicator.NextCollective();
        if (planner.Checks)
            Remember(number, new(key, op, type, whole?.Name));
        return new(planner, plan, number);
    }

    /// <summary>Lets the ranks tell each other the counts that the algorithm needs, and makes the schedule.</summary>
    private unsafe Schedule WithCounts(in Begun begun, in PlanKey key)
    {
        Plan plan = begun.Plan;
        CollectiveCall call = begun.Planner.CallOf(key);
        long[] own = OwnCounts(call);
        long[] known = new long[plan.Algorithm.CountsLength!(call)];
        CollectiveNumber number = begun.Number.Next(CountsPart);
        fixed (long* send = own, receive = known)
            _runner.Run(plan.Counts!, ScheduleRunner.NameOf(key.Collective), number, (nint)send, (nint)receive, op: null);
        return plan.Algorithm.Build(call with { Known = known });
    }

    private async ValueTask<Schedule> WithCountsAsync(Begun begun, PlanKey key, CancellationToken cancellationToken)
    {
        Plan plan = begun.Plan;
        CollectiveCall call = begun.Planner.CallOf(key);
        long[] known = new long[plan.Algorithm.CountsLength!(call)];
        using MemoryHandle send = OwnCounts(call).AsMemory().Pin();
        using MemoryHandle receive = known.AsMemory().Pin();
        string name = ScheduleRunner.NameOf(key.Collective);
        CollectiveNumber number = begun.Number.Next(CountsPart);
        await _runner.RunAsync(plan.Counts!, name, number, AddressOf(send), AddressOf(receive), op: null, cancellationToken)
            .ConfigureAwait(false);
        return plan.Algorithm.Build(call with { Known = known });
    }

    /// <summary>What this rank tells the others: the layout it sends by, or at the root the one it receives by.</summary>
    private static long[] OwnCounts(in CollectiveCall call) => (call.SendLayout ?? call.ReceiveLayout)?.Counts.ToArray() ?? [];

    private sealed class OptionsScope(CollectiveEngine engine, CollectivePlanner planner) : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            if (!_ended)
                engine._planner = planner;
            _ended = true;
        }
    }

    /// <summary>A call that has its number.</summary>
    private readonly record struct Begun(CollectivePlanner Planner, Plan Plan, CollectiveNumber Number)
    {
        public bool IsChecked => Planner.Checks;

        /// <summary>Whether it is made of several collectives.</summary>
        public bool HasParts => IsChecked || Plan.Schedule is null;
    }
}
