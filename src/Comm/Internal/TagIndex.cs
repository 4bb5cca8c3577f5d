namespace BoxerMpi.Internal;

/// <summary>Finds the oldest entry of a list with a given tag without walking the list; several lists share one index.</summary>
/// <remarks>
/// A hash table of bins, one for each list and tag that has entries. The entries of a bin are linked by age, and the oldest one stands
/// for the bin in its bucket's chain. All of it lies in two arrays that only grow: adding and removing allocate nothing.
/// </remarks>
internal sealed class TagIndex
{
    private const int None = -1;

    private const int FirstCapacity = 64;

    // As many buckets as nodes; a power of two.
    private int[] _buckets = new int[FirstCapacity];
    private Node[] _nodes = new Node[FirstCapacity];
    private int _used;
    private int _free = None;

    public TagIndex() => Array.Fill(_buckets, None);

    /// <summary>Entries that searches have looked at.</summary>
    public long Visited { get; private set; }

    public void Add(int list, MatchLink link)
    {
        int node = Rent();
        ref Node added = ref _nodes[node];
        added = new Node { Link = link, Key = KeyOf(list, link.Tag), Next = None, NextBin = None };
        link.Node = node;
        ref int bucket = ref _buckets[BucketOf(added.Key)];
        int first = FirstOf(bucket, added.Key);
        if (first < 0)
        {
            (added.Previous, added.NextBin) = (node, bucket);
            bucket = node;
            return;
        }

        int last = _nodes[first].Previous;
        if (_nodes[last].Link!.Order < link.Order)
        {
            added.Previous = last;
            _nodes[last].Next = node;
            _nodes[first].Previous = node;
            return;
        }

        // It was in its list before: only what came back like it can be older.
        int after = first;
        while (_nodes[after].Link!.Order < link.Order)
            after = _nodes[after].Next;
        (added.Previous, added.Next) = (_nodes[after].Previous, after);
        _nodes[after].Previous = node;
        if (after == first)
            ReplaceBin(first, node);
        else
            _nodes[added.Previous].Next = node;
    }

    /// <summary>The oldest entry of a list with this tag, or null.</summary>
    public MatchLink? First(int list, int tag)
    {
        ulong key = KeyOf(list, tag);
        int first = FirstOf(_buckets[BucketOf(key)], key);
        return first < 0 ? null : _nodes[first].Link;
    }

    public void Remove(MatchLink link)
    {
        int node = link.Node;
        link.Node = None;
        ref Node removed = ref _nodes[node];
        int next = removed.Next, previous = removed.Previous;
        if (_nodes[previous].Next != node)
        {
            // The first of its bin: the last one's next is none.
            ReplaceBin(node, next);
            if (next >= 0)
                _nodes[next].Previous = previous;
        }
        else
        {
            _nodes[previous].Next = next;
            int first = next >= 0 ? next : FirstOf(_buckets[BucketOf(removed.Key)], removed.Key);
            _nodes[first].Previous = previous;
        }

        removed.Link = null;
        removed.Next = _free;
        _free = node;
    }

    private static ulong KeyOf(int list, int tag) => ((ulong)(uint)list << 32) | (uint)tag;

    private int BucketOf(ulong key)
    {
        // Tags are often small multiples of something: the upper half of the product depends on all of their bits.
        ulong mixed = key * 0x9E3779B97F4A7C15;
        return (int)((mixed ^ (mixed >> 32)) * 0x9E3779B97F4A7C15 >> 33) & (_buckets.Length - 1);
    }

    private int FirstOf(int bin, ulong key)
    {
        while (bin >= 0)
        {
            Visited++;
            if (_nodes[bin].Key == key)
                return bin;
            bin = _nodes[bin].NextBin;
        }

        return None;
    }

    /// <summary>Another entry, or none, stands for a bin from now on.</summary>
    private void ReplaceBin(int old, int replacement)
    {
        ref int link = ref _buckets[BucketOf(_nodes[old].Key)];
        while (link != old)
        {
            Visited++;
            link = ref _nodes[link].NextBin;
        }

        if (replacement < 0)
        {
            link = _nodes[old].NextBin;
            return;
        }

        _nodes[replacement].NextBin = _nodes[old].NextBin;
        link = replacement;
    }

    private int Rent()
    {
        if (_free >= 0)
        {
            int node = _free;
            _free = _nodes[node].Next;
            return node;
        }

        if (_used == _nodes.Length)
            Grow();
        return _used++;
    }

    private void Grow()
    {
        Array.Resize(ref _nodes, _nodes.Length * 2);
        int[] old = _buckets;
        _buckets = new int[old.Length * 2];
        Array.Fill(_buckets, None);
        foreach (int chain in old)
        {
            int bin = chain;
            while (bin >= 0)
            {
                int next = _nodes[bin].NextBin;
                ref int bucket = ref _buckets[BucketOf(_nodes[bin].Key)];
                _nodes[bin].NextBin = bucket;
                bucket = bin;
                bin = next;
            }
        }
    }

    private struct Node
    {
        public MatchLink? Link;
        public ulong Key;
        public int Next;

        // Of the first of a bin: the last one.
        public int Previous;
        public int NextBin;
    }
}
