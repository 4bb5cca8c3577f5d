namespace BoxerMpi.Schedules;

/// <summary>What is to happen in a simulation.</summary>
internal enum SimulationEvent : byte
{
    /// <summary>A rank's processor has done the task that it was on.</summary>
    TaskDone,

    /// <summary>A message has left its sender's port.</summary>
    Left,

    /// <summary>The first byte of a message reaches its receiver's port.</summary>
    Arrived,

    /// <summary>The last byte has come through the receiver's port.</summary>
    Delivered,
}

/// <summary>Events by time, and those of one time in the order in which they were added: what makes a simulation repeatable.</summary>
/// <remarks>A binary heap over plain arrays: no generic code that a process would compile only to choose its first algorithm.</remarks>
internal sealed class EventQueue
{
    private double[] _times = new double[256];
    private long[] _orders = new long[256];
    private int[] _subjects = new int[256];
    private SimulationEvent[] _kinds = new SimulationEvent[256];
    private int _count;
    private long _next;

    public bool IsEmpty => _count == 0;

    public void Add(double time, SimulationEvent kind, int subject)
    {
        if (_count == _times.Length)
        {
            Array.Resize(ref _times, 2 * _count);
            Array.Resize(ref _orders, 2 * _count);
            Array.Resize(ref _subjects, 2 * _count);
            Array.Resize(ref _kinds, 2 * _count);
        }

        long order = _next++;
        int hole = _count++;
        while (hole > 0)
        {
            int parent = (hole - 1) / 2;
            if (_times[parent] <= time)
                break;
            Move(parent, hole);
            hole = parent;
        }

        Put(hole, time, order, kind, subject);
    }

    public double Take(out SimulationEvent kind, out int subject)
    {
        double earliest = _times[0];
        (kind, subject) = (_kinds[0], _subjects[0]);
        int last = --_count;
        (double time, long order) = (_times[last], _orders[last]);
        int hole = 0;
        while (true)
        {
            int child = 2 * hole + 1;
            if (child >= last)
                break;
            if (child + 1 < last && IsBefore(child + 1, _times[child], _orders[child]))
                child++;
            if (!IsBefore(child, time, order))
                break;
            Move(child, hole);
            hole = child;
        }

        Put(hole, time, order, _kinds[last], _subjects[last]);
        return earliest;
    }

    private bool IsBefore(int index, double time, long order) =>
        _times[index] < time || (_times[index] == time && _orders[index] < order);

    private void Move(int from, int to) => Put(to, _times[from], _orders[from], _kinds[from], _subjects[from]);

    private void Put(int index, double time, long order, SimulationEvent kind, int subject) =>
        (_times[index], _orders[index], _kinds[index], _subjects[index]) = (time, order, kind, subject);
}
