using System.Diagnostics.CodeAnalysis;
using BoxerMpi.Collectives;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;
using CommunityToolkit.HighPerformance.Buffers;

namespace BoxerMpi;

// Objects for the neighbours of a Cartesian or graph communicator: their lengths go first, then their bytes.
public static partial class CollectiveExtensions
{
    /// <summary>Every rank sends an object to each of its destinations.</summary>
    /// <param name="communicator">A Cartesian or graph communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <returns>The object of each of <see cref="NeighbourCommunicator.Sources"/>; the default beyond an edge.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects that a rank gets are longer than 2 GiB together.</exception>
    public static T?[] NeighbourAllGatherObject<[DynamicallyAccessedMembers(Serialised)] T>(
        this NeighbourCommunicator communicator, T? value)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(NeighbourAllGatherObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        ReadOnlySpan<ObjectLength> own = [ObjectLength.Of(written)];
        ObjectLength[] lengths = new ObjectLength[communicator.Sources.Length];
        steps.Run(NeighbourAllGatherKey(communicator, own, lengths), own, lengths);
        BlockLayout? layout = LayoutOfSources(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)(layout?.Total ?? 0));
        steps.Run(NeighbourAllGatherVKey(communicator, written.WrittenSpan, bytes.Span, layout), written.WrittenSpan, bytes.Span);
        return DeserialiseSources<T>(communicator, bytes.Span, layout);
    }

    /// <inheritdoc cref="NeighbourAllGatherObject{T}(NeighbourCommunicator, T)"/>
    public static async ValueTask<T?[]> NeighbourAllGatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this NeighbourCommunicator communicator, T? value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(NeighbourAllGatherObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        ObjectLength[] own = [ObjectLength.Of(written)];
        ObjectLength[] lengths = new ObjectLength[communicator.Sources.Length];
        PlanKey key = NeighbourAllGatherKey<ObjectLength>(communicator, own, lengths);
        await steps.RunAsync<ObjectLength>(key, own, lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout? layout = LayoutOfSources(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)(layout?.Total ?? 0));
        key = NeighbourAllGatherVKey(communicator, written.WrittenSpan, bytes.Span, layout);
        await steps.RunAsync(key, written.WrittenMemory, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return DeserialiseSources<T>(communicator, bytes.Span, layout);
    }

    /// <summary>Every rank sends each of its destinations an object of its own.</summary>
    /// <param name="communicator">A Cartesian or graph communicator.</param>
    /// <param name="values">
    /// An object for each of <see cref="NeighbourCommunicator.Destinations"/> that MemoryPack can serialise; ignored beyond an edge.
    /// </param>
    /// <returns>The object from each of <see cref="NeighbourCommunicator.Sources"/>; the default beyond an edge.</returns>
    /// <exception cref="ArgumentException">There is not one object for each destination.</exception>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects that a rank sends or gets are longer than 2 GiB together.</exception>
    public static T?[] NeighbourAllToAllObject<[DynamicallyAccessedMembers(Serialised)] T>(
        this NeighbourCommunicator communicator, T?[] values)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(NeighbourAllToAllObject));
        using ArrayPoolBufferWriter<byte> written = new();
        int[] sent = SerialiseDestinations(communicator, values, written);
        ReadOnlySpan<ObjectLength> own = Array.ConvertAll(sent, ObjectLength.Of);
        ObjectLength[] lengths = new ObjectLength[communicator.Sources.Length];
        steps.Run(NeighbourAllToAllKey(communicator, own, lengths), own, lengths);
        BlockLayout? layout = LayoutOfSources(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)(layout?.Total ?? 0));
        PlanKey key = NeighbourAllToAllVKey(communicator, written.WrittenSpan, LayoutOfDestinations(sent), bytes.Span, layout);
        steps.Run(key, written.WrittenSpan, bytes.Span);
        return DeserialiseSources<T>(communicator, bytes.Span, layout);
    }

    /// <inheritdoc cref="NeighbourAllToAllObject{T}(NeighbourCommunicator, T[])"/>
    public static async ValueTask<T?[]> NeighbourAllToAllObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this NeighbourCommunicator communicator, T?[] values, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(NeighbourAllToAllObject));
        using ArrayPoolBufferWriter<byte> written = new();
        int[] sent = SerialiseDestinations(communicator, values, written);
        ObjectLength[] own = Array.ConvertAll(sent, ObjectLength.Of);
        ObjectLength[] lengths = new ObjectLength[communicator.Sources.Length];
        PlanKey key = NeighbourAllToAllKey<ObjectLength>(communicator, own, lengths);
        await steps.RunAsync<ObjectLength>(key, own, lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout? layout = LayoutOfSources(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)(layout?.Total ?? 0));
        key = NeighbourAllToAllVKey(communicator, written.WrittenSpan, LayoutOfDestinations(sent), bytes.Span, layout);
        await steps.RunAsync(key, written.WrittenMemory, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return DeserialiseSources<T>(communicator, bytes.Span, layout);
    }

    private static int[] SerialiseDestinations<[DynamicallyAccessedMembers(Serialised)] T>(
        NeighbourCommunicator communicator, T?[] values, ArrayPoolBufferWriter<byte> written)
    {
        ArgumentNullException.ThrowIfNull(values);
        ReadOnlySpan<int> destinations = communicator.Destinations;
        if (values.Length != destinations.Length)
        {
            throw new ArgumentException(
                $"There are {values.Length} objects for the {destinations.Length} destinations of rank {communicator.Rank} " +
                $"of \"{communicator.Name}\"; each destination gets one.", nameof(values));
        }

        int[] lengths = new int[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (destinations[i] == Communicator.NoRank)
                continue;
            int before = written.WrittenCount;
            ObjectFormat.Write(written, values[i]);
            lengths[i] = written.WrittenCount - before;
        }

        return lengths;
    }

    private static BlockLayout? LayoutOfDestinations(int[] lengths) => lengths.Length == 0 ? null : BlockLayout.FromCounts(lengths);

    private static BlockLayout? LayoutOfSources(NeighbourCommunicator communicator, ReadOnlySpan<ObjectLength> lengths)
    {
        ReadOnlySpan<int> sources = communicator.Sources;
        int[] counts = new int[sources.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            if (sources[i] != Communicator.NoRank)
                counts[i] = LengthOf(communicator, lengths[i], sources[i]);
        }

        return counts.Length == 0 ? null : LayoutOf(communicator, counts);
    }

    private static T?[] DeserialiseSources<[DynamicallyAccessedMembers(Serialised)] T>(
        NeighbourCommunicator communicator, ReadOnlySpan<byte> bytes, BlockLayout? layout)
    {
        ReadOnlySpan<int> sources = communicator.Sources;
        T?[] values = new T?[sources.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (sources[i] != Communicator.NoRank)
                values[i] = ObjectFormat.Read<T>(bytes.Slice((int)layout!.Displacement(i), (int)layout.Count(i)), communicator, sources[i]);
        }

        return values;
    }
}
