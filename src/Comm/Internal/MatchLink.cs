namespace BoxerMpi.Internal;

/// <summary>The place of a receive, a probe or a message in one of the lists of <see cref="MatchLists"/>.</summary>
internal sealed class MatchLink(object owner)
{
    /// <summary>What is in the list.</summary>
    public object Owner { get; } = owner;

    /// <summary>Tag of the message, or that is wanted; -1 for any.</summary>
    public int Tag { get; set; }

    /// <summary>Its age: lists are in ascending order of it.</summary>
    public long Order { get; set; }

    public MatchLink? Next { get; set; }

    public MatchLink? Previous { get; set; }

    /// <summary>Its node in the index, or -1 while its list is searched from the front.</summary>
    public int Node { get; set; } = -1;
}
