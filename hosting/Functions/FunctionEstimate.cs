using System.Globalization;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Reports;

namespace BoxerMpi.Functions;

/// <summary>What a run would do and cost, for <c>--dry-run</c>.</summary>
internal static class FunctionEstimate
{
    /// <param name="options">The run.</param>
    /// <param name="functions">Its functions.</param>
    /// <param name="plan">The function.</param>
    /// <param name="state">What becomes of the function.</param>
    public static IEnumerable<string> Lines(RunOptions options, FunctionOptions functions, FunctionPlan plan, string state)
    {
        Prices prices = Prices.Load();
        int invoked = functions.Count + functions.Spares;
        TimeSpan longest = options.Timeout is { } timeout && timeout < plan.Timeout ? timeout : plan.Timeout;
        double second = FunctionBill.Of(0, TimeSpan.FromSeconds(functions.Count), plan.MemoryMegabytes, plan.Architecture, prices).Dollars;
        double requests = FunctionBill.Of(invoked, TimeSpan.Zero, plan.MemoryMegabytes, plan.Architecture, prices).Dollars;
        yield return $"function {plan.Name} ({plan.MemoryMegabytes} MB, {plan.Timeout.TotalSeconds:F0} s, {plan.Architecture}) {state}";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{invoked} invocations for {functions.Count} of {options.Size} ranks, {functions.InvokeRate} a second; {functions.Spares} of them spares");
        if (functions.SeedAddress is { } address)
            yield return $"functions reach the coordinator at {address.Host}" + (address.Port is { } port ? $":{port}" : " and a free port");
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"costs {Money.Of(second)} a second while all run, at most {Money.Of(second * longest.TotalSeconds)} in " +
            $"{longest.TotalSeconds:0.#} s; {Money.Of(requests)} for the requests");
        yield return $"prices of {prices.Date}, {prices.Region}";
    }
}
