namespace HashJoin;

/// <summary>The build side of the join: order key → priority, open addressing with linear probing, at most half full.</summary>
internal sealed class OrderTable
{
    private Slot[] _slots;
    private int _shift;
    private int _count;

    public OrderTable(int expected = 0)
    {
        int bits = Math.Max(4, 1 + 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(0, expected)));
        _slots = new Slot[1 << Math.Min(30, bits)];
        _shift = 64 - Math.Min(30, bits);
    }

    public int Count => _count;

    /// <exception cref="InvalidDataException">The key is there already: o_orderkey is a primary key.</exception>
    public void Add(ReadOnlySpan<OrderRow> orders)
    {
        foreach (OrderRow order in orders)
        {
            if (2L * (_count + 1) > _slots.Length)
                Grow();
            Insert(order.Key, (byte)(order.Priority + 1));
            _count++;
        }
    }

    /// <summary>The priority of an order, or -1 when there is no such order.</summary>
    public int Find(long key)
    {
        Slot[] slots = _slots;
        for (int i = Home(key); ; i = (i + 1) & (slots.Length - 1))
        {
            ref readonly Slot slot = ref slots[i];
            if (slot.Mark == 0 || slot.Key == key)
                return slot.Mark - 1;
        }
    }

    // Fibonacci hashing: order keys are dense or strided, and the multiplication spreads either.
    private int Home(long key) => (int)((ulong)key * 0x9E37_79B9_7F4A_7C15 >> _shift);

    private void Insert(long key, byte mark)
    {
        int i = Home(key);
        for (; _slots[i].Mark != 0; i = (i + 1) & (_slots.Length - 1))
        {
            if (_slots[i].Key == key)
                throw new InvalidDataException($"Order {key} occurs twice; o_orderkey is unique in TPC-H.");
        }

        _slots[i] = new Slot(key, mark);
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[checked(old.Length * 2)];
        _shift--;
        foreach (Slot slot in old)
        {
            if (slot.Mark != 0)
                Insert(slot.Key, slot.Mark);
        }
    }

    // Mark is the priority + 1; 0 is a free slot, so that any key is allowed.
    private readonly record struct Slot(long Key, byte Mark);
}
