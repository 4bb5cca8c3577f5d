using System.Runtime.InteropServices;
using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// New communicators from this one's ranks.
public static partial class CollectiveExtensions
{
    /// <summary>Parts the ranks into new communicators: those with the same colour are together.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="colour">Any number.</param>
    /// <param name="key">Orders the ranks of a new communicator; equal keys keep their order.</param>
    /// <returns>The communicator of this rank's colour. Whoever made it disposes it.</returns>
    /// <remarks>Collective. MPI 4.1 §7.4.</remarks>
    public static Communicator Split(this Communicator communicator, int colour, int key = 0) =>
        communicator.Split((int?)colour, key)!;

    /// <summary>Parts the ranks into new communicators; a rank without a colour gets none.</summary>
    /// <inheritdoc cref="Split(Communicator, int, int)"/>
    /// <param name="communicator">The communicator.</param>
    /// <param name="colour">Any number, or null to take part in no new communicator.</param>
    /// <param name="key">Orders the ranks of a new communicator; equal keys keep their order.</param>
    public static Communicator? Split(this Communicator communicator, int? colour, int key = 0)
    {
        using CollectiveSteps steps = StepsOfSplit(communicator);
        ReadOnlySpan<SplitChoice> own = [SplitChoice.Of(colour, key)];
        SplitChoice[] choices = new SplitChoice[communicator.Size];
        steps.Run(AllGatherKey(communicator, own, choices), own, choices);
        return Part(communicator, steps, choices);
    }

    /// <inheritdoc cref="Split(Communicator, int, int)"/>
    public static async ValueTask<Communicator> SplitAsync(
        this Communicator communicator, int colour, int key = 0, CancellationToken cancellationToken = default) =>
        (await communicator.SplitAsync((int?)colour, key, cancellationToken).ConfigureAwait(false))!;

    /// <inheritdoc cref="Split(Communicator, int?, int)"/>
    public static async ValueTask<Communicator?> SplitAsync(
        this Communicator communicator, int? colour, int key = 0, CancellationToken cancellationToken = default)
    {
        using CollectiveSteps steps = StepsOfSplit(communicator);
        SplitChoice[] own = [SplitChoice.Of(colour, key)];
        SplitChoice[] choices = new SplitChoice[communicator.Size];
        PlanKey call = AllGatherKey<SplitChoice>(communicator, own, choices);
        await steps.RunAsync<SplitChoice>(call, own, choices, cancellationToken).ConfigureAwait(false);
        return Part(communicator, steps, choices);
    }

    /// <summary>A communicator of the same ranks whose messages do not meet those of this one.</summary>
    /// <remarks>All ranks call it, in the same order as everything that makes communicators; nothing is sent. MPI 4.1 §7.4.</remarks>
    public static Communicator Duplicate(this Communicator communicator)
    {
        CollectiveEngine engine = CollectiveEngine.Of(communicator);
        int[] members = new int[communicator.Size];
        for (int rank = 0; rank < members.Length; rank++)
            members[rank] = rank;
        Communicator child = communicator.CreateChild(members, $"{communicator.Name}.dup");
        CollectiveEngine.Inherit(child, engine.Options);
        return child;
    }

    /// <inheritdoc cref="Duplicate(Communicator)"/>
    public static ValueTask<Communicator> DuplicateAsync(this Communicator communicator, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(communicator.Duplicate());
    }

    /// <summary>A communicator of a group's members, called by them alone.</summary>
    /// <param name="communicator">The communicator; it has all members of the group.</param>
    /// <param name="group">The members, in the order of their new ranks.</param>
    /// <param name="tag">Tells apart groups with the same members that are made at the same time.</param>
    /// <returns>The new communicator, or null on a rank that is no member.</returns>
    /// <remarks>Nothing is sent. MPI 4.1 §7.4, MPI_Comm_create_group.</remarks>
    /// <exception cref="ArgumentException">The group is empty or has a member that this communicator has not.</exception>
    public static Communicator? Create(this Communicator communicator, Group group, int tag = 0)
    {
        CollectiveEngine engine = CollectiveEngine.Of(communicator);
        ArgumentNullException.ThrowIfNull(group);
        if (group.Size == 0)
            throw new ArgumentException("A communicator has at least one rank; the group has none.", nameof(group));
        foreach (int worldRank in group.Members)
        {
            if (communicator.FromWorldRank(worldRank) < 0)
                throw new ArgumentException(
                    $"The group has rank {worldRank} of the job, which is not in \"{communicator.Name}\".", nameof(group));
        }

        if (!group.Contains(communicator.ToWorldRank(communicator.Rank)))
            return null;
        Communicator child = communicator.CreateFromGroup(group, tag);
        CollectiveEngine.Inherit(child, engine.Options);
        return child;
    }

    /// <inheritdoc cref="Create(Communicator, Group, int)"/>
    public static ValueTask<Communicator?> CreateAsync(
        this Communicator communicator, Group group, int tag = 0, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(communicator.Create(group, tag));
    }

    private static CollectiveSteps StepsOfSplit(Communicator communicator) =>
        new(communicator, nameof(Split), count: 1, makesChild: true);

    private static Communicator? Part(Communicator communicator, CollectiveSteps steps, SplitChoice[] choices)
    {
        SplitChoice mine = choices[communicator.Rank];
        if (mine.HasColour == 0)
            return null;

        List<int> members = [];
        for (int rank = 0; rank < choices.Length; rank++)
        {
            if (choices[rank].HasColour != 0 && choices[rank].Colour == mine.Colour)
                members.Add(rank);
        }

        members.Sort((a, b) => (choices[a].Key, a).CompareTo((choices[b].Key, b)));
        Communicator child = new(steps.PlanChild(CollectionsMarshal.AsSpan(members), $"{communicator.Name}.{mine.Colour}"));
        steps.HandDown(child);
        return child;
    }

    private readonly record struct SplitChoice(int HasColour, int Colour, int Key)
    {
        public static SplitChoice Of(int? colour, int key) => new(colour is null ? 0 : 1, colour ?? 0, key);
    }
}
