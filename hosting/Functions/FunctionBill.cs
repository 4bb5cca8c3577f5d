using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launching.Reports;

namespace BoxerMpi.Functions;

/// <summary>What functions cost.</summary>
/// <param name="Requests">Invocations.</param>
/// <param name="GigabyteSeconds">Memory set for the function times the time it is billed for, summed.</param>
/// <param name="Dollars">By the prices.</param>
internal sealed record FunctionBill(int Requests, double GigabyteSeconds, double Dollars)
{
    public static FunctionBill Of(int requests, TimeSpan duration, int memoryMegabytes, string architecture, Prices prices)
    {
        double gigabyteSeconds = memoryMegabytes / Prices.MebibytesPerGigabyte * duration.TotalSeconds;
        double price = architecture == "arm64" ? prices.ArmGigabyteSecondDollars : prices.GigabyteSecondDollars;
        return new FunctionBill(requests, gigabyteSeconds, gigabyteSeconds * price + requests * prices.InvocationDollars);
    }

    /// <summary>What the functions of a job did and cost.</summary>
    public static FunctionSummary Summary(
        FunctionOptions options, FunctionPlan plan, string region, RankInvocations invocations, FunctionStart start, Prices prices)
    {
        (int requests, TimeSpan duration) = invocations.Billed;
        FunctionBill bill = Of(requests + start.Probes, duration, plan.MemoryMegabytes, plan.Architecture, prices);
        InvocationCount count = invocations.Count;
        return new FunctionSummary
        {
            Name = plan.Name,
            Region = region,
            MemoryMegabytes = plan.MemoryMegabytes,
            Architecture = plan.Architecture,
            Ranks = options.Count,
            Spares = options.Spares,
            TurnedAway = count.TurnedAway,
            Lost = count.Lost,
            Throttled = start.Throttled,
            StartSeconds = RunReport.Rounded(start.Took?.TotalSeconds),
            Requests = bill.Requests,
            GigabyteSeconds = Math.Round(bill.GigabyteSeconds, 6),
            Dollars = Math.Round(bill.Dollars, 10),
            PricesOf = prices.Date,
        };
    }
}
