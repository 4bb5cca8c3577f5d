namespace BoxerMpi.Internal;

/// <summary>Lists by age that are searched by tag: receives by the source that they want, messages by their sender.</summary>
/// <remarks>
/// Most lists are short, or their first entry is the one: a search looks at a few from the front. A list in which it finds nothing
/// there is indexed by tag from then on, until it is empty again, so that no search costs more than a few looks however long the list.
/// </remarks>
internal sealed class MatchLists(int count)
{
    public const int AnyTag = -1;

    // So many are looked at from the front: about what the index costs.
    private const int FrontLimit = 8;

    private readonly List[] _lists = new List[count];
    private TagIndex? _index;
    private long _visited;

    /// <summary>Entries that searches have looked at.</summary>
    public long Visited => _visited + (_index?.Visited ?? 0);

    /// <summary>The oldest entry of a list.</summary>
    public MatchLink? Oldest(int list) => _lists[list].First;

    /// <summary>Adds an entry at its age: at the end, unless it was in the list before.</summary>
    public void Add(int list, MatchLink link)
    {
        ref List to = ref _lists[list];
        MatchLink? last = to.Last;
        if (last is null)
            to.First = to.Last = link;
        else if (last.Order < link.Order)
            (link.Previous, last.Next, to.Last) = (last, link, link);
        else
            Insert(ref to, link);
        if (to.IsIndexed)
            _index!.Add(list, link);
    }

    public void Remove(int list, MatchLink link)
    {
        ref List from = ref _lists[list];
        if (link.Previous is null)
            from.First = link.Next;
        else
            link.Previous.Next = link.Next;
        if (link.Next is null)
            from.Last = link.Previous;
        else
            link.Next.Previous = link.Previous;
        (link.Next, link.Previous) = (null, null);
        if (!from.IsIndexed)
            return;
        _index!.Remove(link);
        from.IsIndexed = from.First is not null;
    }

    /// <summary>The oldest entry of a list with this tag, or with any if that is asked for.</summary>
    public MatchLink? Find(int list, int tag)
    {
        ref List from = ref _lists[list];
        if (tag == AnyTag)
            return from.First;
        if (!from.IsIndexed)
        {
            MatchLink? link = from.First;
            for (int looks = 0; looks < FrontLimit; looks++)
            {
                if (link is null || link.Tag == tag)
                    return link;
                _visited++;
                link = link.Next;
            }

            BuildIndex(list);
        }

        return _index!.First(list, tag);
    }

    /// <summary>The oldest entry of a list that wants this tag or any.</summary>
    public MatchLink? FindWanting(int list, int tag)
    {
        ref List from = ref _lists[list];
        if (!from.IsIndexed)
        {
            MatchLink? link = from.First;
            for (int looks = 0; looks < FrontLimit; looks++)
            {
                if (link is null || link.Tag == tag || link.Tag == AnyTag)
                    return link;
                _visited++;
                link = link.Next;
            }

            BuildIndex(list);
        }

        return Older(_index!.First(list, tag), _index.First(list, AnyTag));
    }

    /// <summary>The older of two entries, of which either may be missing.</summary>
    public static MatchLink? Older(MatchLink? one, MatchLink? other) =>
        one is null || (other is not null && other.Order < one.Order) ? other : one;

    /// <summary>Adds an entry in front of the first one that is younger.</summary>
    private static void Insert(ref List to, MatchLink link)
    {
        MatchLink after = to.First!;
        while (after.Order < link.Order)
            after = after.Next!;
        (link.Previous, link.Next) = (after.Previous, after);
        if (after.Previous is null)
            to.First = link;
        else
            after.Previous.Next = link;
        after.Previous = link;
    }

    private void BuildIndex(int list)
    {
        _index ??= new TagIndex();
        for (MatchLink? link = _lists[list].First; link is not null; link = link.Next)
        {
            _visited++;
            _index.Add(list, link);
        }

        _lists[list].IsIndexed = true;
    }

    private struct List
    {
        public MatchLink? First;
        public MatchLink? Last;
        public bool IsIndexed;
    }
}
