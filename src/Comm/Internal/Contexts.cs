using System.Buffers.Binary;
using System.IO.Hashing;

namespace BoxerMpi.Internal;

/// <summary>
/// The contexts of a rank's communicators: makes them, and tells of any other one whether its communicator was here and is gone, or is
/// still to come. Used under the engine's gate.
/// </summary>
/// <remarks>
/// <para>
/// Frames of a communicator may arrive before this rank has made it, and are kept, or after it has disposed it, and are dropped. To
/// remember every context that is closed would take memory for ever. So a context is a family and a number in it: a parent's children are
/// a family, and so are the communicators that a group makes of a parent with one tag, and those that collectives make, which have the
/// numbers of these calls. Numbers rise; what is below the family's count and not open is closed.
/// </para>
/// <para>
/// A family ends with its parent. The last <see cref="EndedFamilies"/> that have are remembered; a frame that is later still counts as
/// an early one, is kept, and costs its sender's credit.
/// </para>
/// <para>
/// Context: family 45 bits · number 16 · use 3 (point-to-point, collectives). After 65,536 communicators a family goes on as another one.
/// </para>
/// </remarks>
internal sealed class Contexts
{
    /// <summary>The context of the world: of a family of its own, which never ends.</summary>
    public const ulong World = 1UL << UseBits;

    /// <summary>How many families are remembered whose parents are gone.</summary>
    public const int EndedFamilies = 1 << 12;

    private const int UseBits = 3;
    private const int NumberBits = 16;
    private const ulong Children = 0;
    private const ulong OfCollectives = 2;

    private readonly Dictionary<ulong, List<ulong>?> _open = [];
    private readonly Dictionary<ulong, Family> _families = [];
    private readonly HashSet<ulong> _ended = [];
    private readonly Queue<ulong> _endedInOrder = new();

    /// <summary>Everything that is remembered, in entries.</summary>
    public int Entries => _open.Count + _families.Count + _ended.Count;

    /// <summary>Opens the world, which has no parent.</summary>
    public ulong OpenWorld()
    {
        _families.Add(FamilyOf(World), new Family { Next = NumberOf(World) + 1 });
        _open.Add(World, null);
        return World;
    }

    /// <summary>Opens the next communicator that all ranks of the parent count.</summary>
    public ulong OpenChild(ulong parent) => Open(Next(parent, Children));

    /// <summary>Counts a communicator that the same call makes on other ranks but not here.</summary>
    public void SkipChild(ulong parent) => Next(parent, Children);

    /// <summary>Opens the next communicator of a group, which its members alone count.</summary>
    /// <param name="parent">The context of the communicator that has the group's members.</param>
    /// <param name="key">A hash of the members and the tag.</param>
    public ulong OpenOfGroup(ulong parent, ulong key) => Open(Next(parent, key | 1));

    /// <summary>
    /// Opens the communicator that a collective will make. It is open from the call's start: calls that were started later may end before.
    /// </summary>
    /// <param name="parent">The context of the communicator that all ranks of the call have.</param>
    /// <param name="call">The call's number on it.</param>
    public ulong OpenOfCollective(ulong parent, long call)
    {
        (ulong name, Family family) = FamilyOf(parent, OfCollectives, call >> NumberBits);
        int number = (int)call & ((1 << NumberBits) - 1);
        family.Next = Math.Max(family.Next, number + 1);
        return Open(ContextOf(name, number));
    }

    /// <summary>The communicator is gone. Those made from it may go on, but no more are.</summary>
    public void Close(ulong context)
    {
        if (!_open.Remove(context, out List<ulong>? families) || families is null)
            return;
        foreach (ulong family in families)
        {
            _families.Remove(family);
            if (_ended.Add(family))
                _endedInOrder.Enqueue(family);
            if (_ended.Count > EndedFamilies)
                _ended.Remove(_endedInOrder.Dequeue());
        }
    }

    /// <summary>Whether its communicator was here and is gone; false for one that is open or is still to come.</summary>
    public bool IsClosed(ulong context)
    {
        context &= ~0UL << UseBits;
        if (_open.ContainsKey(context))
            return false;
        return _families.TryGetValue(FamilyOf(context), out Family? family)
            ? NumberOf(context) < family.Next
            : _ended.Contains(FamilyOf(context));
    }

    private static ulong FamilyOf(ulong context) => context >> (UseBits + NumberBits);

    private static int NumberOf(ulong context) => (int)(context >> UseBits) & ((1 << NumberBits) - 1);

    private static ulong ContextOf(ulong family, int number) => (family << NumberBits | (uint)number) << UseBits;

    private ulong Open(ulong context)
    {
        _open.Add(context, null);
        return context;
    }

    private ulong Next(ulong parent, ulong key)
    {
        for (long part = 0; ; part++)
        {
            (ulong name, Family family) = FamilyOf(parent, key, part);
            if (family.Next < 1 << NumberBits)
                return ContextOf(name, family.Next++);
        }
    }

    private (ulong Name, Family Family) FamilyOf(ulong parent, ulong key, long part)
    {
        ObjectDisposedException.ThrowIf(!_open.TryGetValue(parent, out List<ulong>? families), typeof(Communicator));
        ulong name = Hash(parent, key, part);
        if (!_families.TryGetValue(name, out Family? family))
        {
            _families.Add(name, family = new Family { Parent = parent, Key = key });
            if (families is null)
                _open[parent] = families = [];
            families.Add(name);
        }
        else if (family.Parent != parent || family.Key != key)
        {
            throw new InvalidOperationException(
                "The contexts of two communicators' children are the same by chance (one in 2^45); make one of them anew.");
        }

        return (name, family);
    }

    private static ulong Hash(ulong parent, ulong key, long part)
    {
        Span<byte> bytes = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, parent);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], key);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], part);
        return FamilyOf(XxHash3.HashToUInt64(bytes));
    }

    private sealed class Family
    {
        public ulong Parent;
        public ulong Key;
        public int Next;
    }
}
