using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// Why a call runs as it does, and how to make one run otherwise.
public static partial class CollectiveExtensions
{
    /// <summary>Other options for some calls: those until the result is disposed. Every rank does it around the same calls.</summary>
    /// <example><code>
    /// using (world.UseCollectiveOptions(world.GetCollectiveOptions().With(Collective.AllToAll, "grid")))
    ///     world.AllToAll(send, receive);
    /// </code></example>
    /// <param name="communicator">The communicator.</param>
    /// <param name="options">The options.</param>
    /// <returns>Disposing it brings back the options from before, and the plans made with them.</returns>
    public static IDisposable UseCollectiveOptions(this Communicator communicator, CollectiveOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return CollectiveEngine.Of(communicator).Use(options);
    }

    /// <summary>Which algorithm a call uses, what the others would take, and why. Nothing is sent; any rank may ask alone.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="collective">The collective's name, such as <c>AllToAll</c>.</param>
    /// <param name="bytes">The vector of broadcasts and reductions, the block of the others.</param>
    /// <param name="elementSize">Bytes of an element; vectors are cut between elements.</param>
    /// <param name="root">The root of calls that have one.</param>
    /// <param name="commutative">Whether the operation of a reduction commutes.</param>
    /// <exception cref="ArgumentException">There is no such collective.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, an element has no bytes, or the root is no rank.</exception>
    /// <exception cref="InvalidOperationException">Options ask for an algorithm that cannot serve the call.</exception>
    public static CollectiveExplanation Explain(
        this Communicator communicator, string collective, long bytes, int elementSize = 1, int root = 0, bool commutative = true)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(collective);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(elementSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, communicator.Size);
        Collective known = CollectiveAlgorithms.CollectiveOf(collective) ?? throw new ArgumentException(
            $"There is no collective '{collective}'; there are {string.Join(", ", Enum.GetNames<Collective>())}.", nameof(collective));
        return CollectiveEngine.Of(communicator).Planner.Explain(new(known, bytes, elementSize) { Root = root, Commutative = commutative });
    }
}
