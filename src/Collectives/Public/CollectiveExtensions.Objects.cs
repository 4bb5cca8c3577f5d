using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using BoxerMpi.Collectives;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;
using CommunityToolkit.HighPerformance.Buffers;

namespace BoxerMpi;

// Objects of any length: first their lengths go round, then their bytes.
public static partial class CollectiveExtensions
{
    private const DynamicallyAccessedMemberTypes Serialised = DynamicallyAccessedMemberTypes.All;

    /// <summary>Brings the root's object to all ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise, at the root; ignored elsewhere.</param>
    /// <param name="root">The rank that has the object.</param>
    /// <returns>At the root the object itself, elsewhere a copy.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    public static T? BroadcastObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(BroadcastObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(communicator.Rank == root, value);
        Span<ObjectLength> length = [ObjectLength.Of(written)];
        steps.Run(BroadcastKey<ObjectLength>(communicator, 1, root), default, length);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(LengthOf(communicator, length[0], root));
        written.WrittenSpan.CopyTo(bytes.Span);
        steps.Run(BroadcastKey<byte>(communicator, bytes.Length, root), default, bytes.Span);
        return communicator.Rank == root ? value : ObjectFormat.Read<T>(bytes.Span, communicator, root);
    }

    /// <inheritdoc cref="BroadcastObject{T}(Communicator, T, int)"/>
    public static async ValueTask<T?> BroadcastObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(BroadcastObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(communicator.Rank == root, value);
        Memory<ObjectLength> length = new[] { ObjectLength.Of(written) };
        await steps.RunAsync(BroadcastKey<ObjectLength>(communicator, 1, root), default, length, cancellationToken).ConfigureAwait(false);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(LengthOf(communicator, length.Span[0], root));
        written.WrittenSpan.CopyTo(bytes.Span);
        PlanKey key = BroadcastKey<byte>(communicator, bytes.Length, root);
        await steps.RunAsync(key, default, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return communicator.Rank == root ? value : ObjectFormat.Read<T>(bytes.Span, communicator, root);
    }

    /// <summary>Every rank sends an object to the root.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="root">The rank that gets the objects.</param>
    /// <returns>At the root the object of each rank, elsewhere nothing.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T?[] GatherObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(GatherObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        bool isRoot = communicator.Rank == root;
        ReadOnlySpan<ObjectLength> own = [ObjectLength.Of(written)];
        ObjectLength[] lengths = isRoot ? new ObjectLength[communicator.Size] : [];
        steps.Run(GatherKey(communicator, own, lengths, root), own, lengths);
        BlockLayout? layout = isRoot ? LayoutOf(communicator, lengths) : null;
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)(layout?.Total ?? 0));
        steps.Run(GatherVKey(communicator, written.WrittenSpan, bytes.Span, layout, root), written.WrittenSpan, bytes.Span);
        return isRoot ? DeserialiseAll<T>(communicator, bytes.Span, layout!) : [];
    }

    /// <inheritdoc cref="GatherObject{T}(Communicator, T, int)"/>
    public static async ValueTask<T?[]> GatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(GatherObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        bool isRoot = communicator.Rank == root;
        ObjectLength[] own = [ObjectLength.Of(written)];
        ObjectLength[] lengths = isRoot ? new ObjectLength[communicator.Size] : [];
        PlanKey key = GatherKey<ObjectLength>(communicator, own, lengths, root);
        await steps.RunAsync<ObjectLength>(key, own, lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout? layout = isRoot ? LayoutOf(communicator, lengths) : null;
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)(layout?.Total ?? 0));
        key = GatherVKey(communicator, written.WrittenSpan, bytes.Span, layout, root);
        await steps.RunAsync(key, written.WrittenMemory, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return isRoot ? DeserialiseAll<T>(communicator, bytes.Span, layout!) : [];
    }

    /// <summary>Every rank sends an object to all.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <returns>The object of each rank.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T?[] AllGatherObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(AllGatherObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        ReadOnlySpan<ObjectLength> own = [ObjectLength.Of(written)];
        ObjectLength[] lengths = new ObjectLength[communicator.Size];
        steps.Run(AllGatherKey(communicator, own, lengths), own, lengths);
        BlockLayout layout = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)layout.Total);
        steps.Run(AllGatherVKey(communicator, written.WrittenSpan, bytes.Span, layout), written.WrittenSpan, bytes.Span);
        return DeserialiseAll<T>(communicator, bytes.Span, layout);
    }

    /// <inheritdoc cref="AllGatherObject{T}(Communicator, T)"/>
    public static async ValueTask<T?[]> AllGatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(AllGatherObject));
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        ObjectLength[] own = [ObjectLength.Of(written)];
        ObjectLength[] lengths = new ObjectLength[communicator.Size];
        PlanKey key = AllGatherKey<ObjectLength>(communicator, own, lengths);
        await steps.RunAsync<ObjectLength>(key, own, lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout layout = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)layout.Total);
        key = AllGatherVKey(communicator, written.WrittenSpan, bytes.Span, layout);
        await steps.RunAsync(key, written.WrittenMemory, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(communicator, bytes.Span, layout);
    }

    private static ArrayPoolBufferWriter<byte> Serialise<[DynamicallyAccessedMembers(Serialised)] T>(bool isSent, T? value)
    {
        ArrayPoolBufferWriter<byte> writer = new();
        if (isSent)
            ObjectFormat.Write(writer, value);
        return writer;
    }

    /// <summary>The bytes of an object, by the length that a rank told.</summary>
    /// <exception cref="WireFormatException">It told none: it calls something else.</exception>
    private static int LengthOf(Communicator communicator, ObjectLength length, int source)
    {
        if (length.IsOne)
            return length.Bytes;
        WireFormatException error = new(
            $"What rank {source} of \"{communicator.Name}\" told is not the length of an object: it calls another collective.");
        communicator.FailCollective(error.Message);
        throw error;
    }

    /// <summary>Where the objects of all ranks go that are received, by the lengths that they told.</summary>
    /// <exception cref="WireFormatException">A rank told none: it calls something else.</exception>
    /// <exception cref="InvalidOperationException">They are too long together.</exception>
    private static BlockLayout LayoutOf(Communicator communicator, ReadOnlySpan<ObjectLength> lengths)
    {
        int[] counts = new int[lengths.Length];
        for (int rank = 0; rank < counts.Length; rank++)
            counts[rank] = LengthOf(communicator, lengths[rank], rank);
        return LayoutOf(communicator, counts);
    }

    private static BlockLayout LayoutOf(Communicator communicator, int[] counts)
    {
        BlockLayout layout = BlockLayout.FromCounts(counts);
        if (layout.Total <= Array.MaxLength)
            return layout;
        InvalidOperationException error = new(
            $"The objects of all ranks have {layout.Total} bytes together; at most {Array.MaxLength} fit.");

        // The others go on to the objects themselves and would wait for this rank.
        communicator.FailCollective(error.Message);
        throw error;
    }

    private static T?[] DeserialiseAll<[DynamicallyAccessedMembers(Serialised)] T>(
        Communicator communicator, ReadOnlySpan<byte> bytes, BlockLayout layout)
    {
        T?[] values = new T?[layout.Size];
        for (int rank = 0; rank < values.Length; rank++)
        {
            ReadOnlySpan<byte> block = bytes.Slice((int)layout.Displacement(rank), (int)layout.Count(rank));
            values[rank] = ObjectFormat.Read<T>(block, communicator, rank);
        }

        return values;
    }
}
