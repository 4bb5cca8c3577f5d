namespace BoxerMpi;

/// <summary>The shape of a <see cref="Topology"/>.</summary>
public enum TopologyKind
{
    /// <summary>Every rank is linked to every other rank.</summary>
    Mesh,

    /// <summary>Ranks in rows and columns; a rank is linked to all of its row and all of its column.</summary>
    Grid,

    /// <summary>A rank is linked to its parent and to its children; rank 0 is the root.</summary>
    Tree,

    /// <summary>A rank is linked to the one before it and the one after it, and the last to the first.</summary>
    Ring,

    /// <summary>Rank 0 is linked to every other rank.</summary>
    Star,

    /// <summary>Ranks are linked whose numbers differ in exactly one bit.</summary>
    Hypercube,

    /// <summary>The links are listed one by one.</summary>
    EdgeList,
}
