namespace BoxerMpi.Schedules;

/// <summary>Numbers that wait, first in first out for each pair of ranks. Only pairs with somebody waiting take memory.</summary>
internal sealed class PairQueues(int size)
{
    private readonly Dictionary<long, int> _last = [];
    private int[] _next = new int[64];

    /// <summary>The number of pairs for which something waits.</summary>
    public int Pairs => _last.Count;

    /// <summary>A pair for which something waits.</summary>
    public (int From, int To) AnyPair
    {
        get
        {
            foreach (long key in _last.Keys)
                return ((int)(key / size), (int)(key % size));
            return (-1, -1);
        }
    }

    public void Add(int from, int to, int item)
    {
        if (item >= _next.Length)
            Array.Resize(ref _next, Math.Max(item + 1, 2 * _next.Length));
        long key = Key(from, to);
        if (_last.TryGetValue(key, out int last))
        {
            // The last one leads to the first one, the items are a ring.
            _next[item] = _next[last];
            _next[last] = item;
        }
        else
        {
            _next[item] = item;
        }

        _last[key] = item;
    }

    /// <summary>The oldest of a pair, or -1.</summary>
    public int Take(int from, int to)
    {
        long key = Key(from, to);
        if (!_last.TryGetValue(key, out int last))
            return -1;
        int first = _next[last];
        if (first == last)
            _last.Remove(key);
        else
            _next[last] = _next[first];
        return first;
    }

    // Numbers of pairs without gaps. Two ranks as the halves of a long would do badly: its hash is their exclusive or.
    private long Key(int from, int to) => (long)from * size + to;
}
