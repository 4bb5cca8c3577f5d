using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>Checks what a caller passes to a collective, before anything is sent.</summary>
internal static class Arguments
{
    public static void CheckRoot(Communicator communicator, int root)
    {
        if ((uint)root >= (uint)communicator.Size)
            throw new ArgumentOutOfRangeException(nameof(root), root, $"\"{communicator.Name}\" has ranks 0 to {communicator.Size - 1}.");
    }

    /// <param name="communicator">Where the call is made.</param>
    /// <param name="collective">The call.</param>
    /// <param name="buffer">The parameter's name.</param>
    /// <param name="actual">Its length in elements.</param>
    /// <param name="expected">The length that it should have.</param>
    /// <param name="reason">Where that comes from.</param>
    public static void CheckLength(
        Communicator communicator, Collective collective, string buffer, long actual, long expected, string reason)
    {
        if (actual != expected)
        {
            throw new ArgumentException(
                $"{collective} on \"{communicator.Name}\" ({communicator.Size} ranks): {buffer} has {actual} elements, expected " +
                $"{expected} ({reason}).",
                buffer);
        }
    }

    /// <summary>A buffer has a block for each neighbour. Says why only when it is wrong: a call that is right allocates nothing.</summary>
    public static void CheckBlocks(
        Communicator communicator, Collective collective, string buffer, long actual, long block, int neighbours, string kind)
    {
        if (actual != block * neighbours)
            CheckLength(communicator, collective, buffer, actual, block * neighbours, $"a block for each of {neighbours} {kind}");
    }

    /// <summary>One block for each rank.</summary>
    public static long BlockOf(Communicator communicator, Collective collective, string buffer, long length)
    {
        if (length % communicator.Size != 0)
        {
            throw new ArgumentException(
                $"{collective} on \"{communicator.Name}\": {buffer} has {length} elements, which is no multiple of the " +
                $"{communicator.Size} ranks.", buffer);
        }

        return length / communicator.Size;
    }

    public static void CheckLayout(
        Communicator communicator, Collective collective, string name, BlockLayout layout, string buffer, long length)
    {
        ArgumentNullException.ThrowIfNull(layout, name);
        if (layout.Size != communicator.Size)
        {
            throw new ArgumentException(
                $"{collective} on \"{communicator.Name}\": {name} has blocks for {layout.Size} ranks, the communicator has " +
                $"{communicator.Size}.", name);
        }

        if (layout.Extent > length)
        {
            throw new ArgumentException(
                $"{collective} on \"{communicator.Name}\": {buffer} has {length} elements, expected at least {layout.Extent} " +
                $"(where the last block of {name} ends).", buffer);
        }
    }

    /// <summary>
    /// As <see cref="CheckLayout"/>, of blocks that the call writes to: what would be left of two that overlap depends on chance.
    /// </summary>
    public static void CheckTarget(
        Communicator communicator, Collective collective, string name, BlockLayout layout, string buffer, long length)
    {
        CheckLayout(communicator, collective, name, layout, buffer, length);
        CheckDisjoint(communicator, collective, name, layout, "ranks");
    }

    /// <summary>As <see cref="CheckNeighbours"/>, of blocks that the call writes to.</summary>
    public static void CheckSources(
        NeighbourCommunicator communicator, Collective collective, string name, BlockLayout? layout, string buffer, long length)
    {
        CheckNeighbours(communicator, collective, name, layout, communicator.Sources, "sources", buffer, length);
        if (layout is not null)
            CheckDisjoint(communicator, collective, name, layout, "sources");
    }

    public static void CheckNeighbours(
        NeighbourCommunicator communicator,
        Collective collective,
        string name,
        BlockLayout? layout,
        ReadOnlySpan<int> neighbours,
        string kind,
        string buffer,
        long length)
    {
        if (layout is null && neighbours.IsEmpty)
            return;
        ArgumentNullException.ThrowIfNull(layout, name);
        if (layout.Size != neighbours.Length)
        {
            throw new ArgumentException(
                $"{collective} on \"{communicator.Name}\": {name} has {layout.Size} blocks, rank {communicator.Rank} has " +
                $"{neighbours.Length} {kind}.", name);
        }

        if (layout.Extent > length)
        {
            throw new ArgumentException(
                $"{collective} on \"{communicator.Name}\": {buffer} has {length} elements, expected at least {layout.Extent} " +
                $"(where the last block of {name} ends).", buffer);
        }
    }

    private static void CheckDisjoint(Communicator communicator, Collective collective, string name, BlockLayout layout, string kind)
    {
        if (layout.Overlap is not { } overlap)
            return;
        (int first, int second) = overlap;
        throw new ArgumentException(
            $"{collective} on \"{communicator.Name}\": the blocks of {kind} {first} and {second} of {name} overlap, and both are written " +
            $"to: {layout.Count(first)} elements at {layout.Displacement(first)}, {layout.Count(second)} at " +
            $"{layout.Displacement(second)}.", name);
    }

    /// <summary>Buffers are apart, or the same where that makes sense; says whether they are the same.</summary>
    public static bool AreSame<T>(Collective collective, ReadOnlySpan<T> send, Span<T> receive, bool mayBeSame = true)
        where T : unmanaged
    {
        if (!send.Overlaps(receive, out int offset))
            return false;
        if (mayBeSame && offset == 0 && send.Length == receive.Length)
            return true;
        throw new ArgumentException(
            $"{collective}: the send and the receive buffer overlap{(mayBeSame ? " and are not the same" : "")}.", nameof(receive));
    }
}
