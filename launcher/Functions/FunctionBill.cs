using System.Globalization;
using BoxerMpi.Launcher.Topologies;

namespace BoxerMpi.Launcher.Functions;

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

    /// <summary>Two digits that matter, as jobs cost between a millionth and hundreds.</summary>
    public static string Money(double dollars)
    {
        int digits = dollars > 0 ? Math.Clamp(1 - (int)Math.Floor(Math.Log10(dollars)), 2, 10) : 2;
        return "$" + dollars.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
