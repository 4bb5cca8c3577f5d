namespace BoxerMpi.Tests;

/// <summary>What tests of ranks share.</summary>
public static class Ranks
{
    /// <summary>Longer than anything takes on a busy machine; what is lost shows as a failure instead of a hang.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static LocalClusterOptions Over(LocalTransport transport) => new() { Transport = transport, Timeout = Patience };

    public static LocalClusterOptions With(FaultPlan faults, LocalTransport transport = LocalTransport.Memory) =>
        Over(transport) with { Faults = faults };

    public static int[] Numbers(int count, int seed)
    {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++)
            numbers[i] = unchecked((i * 31) + seed);
        return numbers;
    }

    public static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
            bytes[i] = unchecked((byte)((i * 7) + (i >> 8) + seed));
        return bytes;
    }

    public static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Patience);

    public static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Patience);
}
