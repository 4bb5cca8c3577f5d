namespace BoxerMpi.Schedules;

/// <summary>What a rank's processor has to do.</summary>
internal enum TaskKind : byte
{
    /// <summary>Hand a message to the port.</summary>
    Send,

    /// <summary>Take a message from the port to its place.</summary>
    Receive,

    /// <summary>Copies and folds at the end of a round.</summary>
    Locals,
}

/// <summary>The processor tasks of all ranks: first in first out on each rank, on a core of its own or on one that it shares.</summary>
/// <remarks>
/// A rank that has a core keeps it until it has nothing to do; then the one that has waited longest gets it. Putting a rank on a core that
/// another one has had takes the model's switch time for every other rank that the core has.
/// </remarks>
internal sealed class Processors
{
    private readonly EventQueue _events;
    private readonly double _switchSeconds;
    private readonly int[] _first;
    private readonly int[] _last;
    private readonly bool[] _running;
    private readonly double[] _idleSince;
    private readonly int[] _lastRankOfCore;
    private readonly int[] _coreOf;
    private readonly bool[] _coreTaken;
    private readonly double[] _coreIdleSince;
    private readonly Queue<int> _waiting = [];

    private double[] _seconds = new double[64];
    private TaskKind[] _kinds = new TaskKind[64];
    private int[] _subjects = new int[64];
    private int[] _next = new int[64];
    private int _free = -1;
    private int _used;

    public Processors(int size, int cores, double switchSeconds, EventQueue events)
    {
        _events = events;
        _switchSeconds = cores > 0 ? switchSeconds * Math.Max(0, ((double)size / cores) - 1) : 0;
        _first = new int[size];
        _last = new int[size];
        Array.Fill(_first, -1);
        _running = new bool[size];
        _idleSince = new double[size];
        _coreOf = new int[size];
        bool isShared = cores > 0 && cores < size;
        _lastRankOfCore = new int[isShared ? cores : 0];
        _coreTaken = new bool[_lastRankOfCore.Length];
        _coreIdleSince = new double[_lastRankOfCore.Length];
        for (int core = 0; core < _lastRankOfCore.Length; core++)
            _lastRankOfCore[core] = core;
    }

    private bool IsShared => _coreTaken.Length > 0;

    /// <summary>How long the core that the rank would get now has had nothing to do; zero while there is none.</summary>
    public double Idle(double now, int rank)
    {
        if (_running[rank])
            return 0;
        if (!IsShared)
            return now - _idleSince[rank];
        int core = FreeCore(rank);
        return core < 0 ? 0 : now - _coreIdleSince[core];
    }

    /// <summary>Gives a rank something to do.</summary>
    /// <returns>False when it takes no time and nothing is before it: the caller goes on at once.</returns>
    public bool Add(double now, int rank, double seconds, TaskKind kind, int subject)
    {
        if (seconds == 0 && _first[rank] < 0)
            return false;
        int task = _free;
        if (task >= 0)
            _free = _next[task];
        else
            task = Grow();
        (_seconds[task], _kinds[task], _subjects[task], _next[task]) = (seconds, kind, subject, -1);
        if (_first[rank] < 0)
            _first[rank] = task;
        else
            _next[_last[rank]] = task;
        _last[rank] = task;
        if (_first[rank] == task && !_running[rank])
            Start(now, rank);
        return true;
    }

    /// <summary>What the rank has just done; <see cref="GoOn"/> follows when all that came of it is queued.</summary>
    public (TaskKind Kind, int Subject) Done(int rank)
    {
        int task = _first[rank];
        _first[rank] = _next[task];
        _next[task] = _free;
        _free = task;
        return (_kinds[task], _subjects[task]);
    }

    /// <summary>The rank's next task, or another rank's on its core.</summary>
    public void GoOn(double now, int rank)
    {
        if (_first[rank] >= 0)
        {
            _events.Add(now + _seconds[_first[rank]], SimulationEvent.TaskDone, rank);
            return;
        }

        _running[rank] = false;
        _idleSince[rank] = now;
        if (!IsShared)
            return;
        (_coreTaken[_coreOf[rank]], _coreIdleSince[_coreOf[rank]]) = (false, now);
        if (_waiting.TryDequeue(out int other))
            Take(now, other, _coreOf[rank]);
    }

    private void Start(double now, int rank)
    {
        // Until it gets a core it waits as running: further tasks only queue.
        _running[rank] = true;
        if (!IsShared)
        {
            _events.Add(now + _seconds[_first[rank]], SimulationEvent.TaskDone, rank);
            return;
        }

        int core = FreeCore(rank);
        if (core >= 0)
            Take(now, rank, core);
        else
            _waiting.Enqueue(rank);
    }

    private void Take(double now, int rank, int core)
    {
        double seconds = _seconds[_first[rank]] + (_lastRankOfCore[core] == rank ? 0 : _switchSeconds);
        (_coreOf[rank], _lastRankOfCore[core], _coreTaken[core]) = (core, rank, true);
        _events.Add(now + seconds, SimulationEvent.TaskDone, rank);
    }

    private int FreeCore(int rank)
    {
        int free = -1;
        for (int core = 0; core < _coreTaken.Length; core++)
        {
            if (_coreTaken[core])
                continue;
            if (_lastRankOfCore[core] == rank)
                return core;
            if (free < 0 || _coreIdleSince[core] < _coreIdleSince[free])
                free = core;
        }

        return free;
    }

    private int Grow()
    {
        if (_used == _seconds.Length)
        {
            Array.Resize(ref _seconds, 2 * _used);
            Array.Resize(ref _kinds, 2 * _used);
            Array.Resize(ref _subjects, 2 * _used);
            Array.Resize(ref _next, 2 * _used);
        }

        return _used++;
    }
}
