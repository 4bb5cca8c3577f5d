// What joining costs the coordinator: processor time of a seed in its own process while ranks of one job join over
// loopback, through the real protocol, with proofs and the table of members; and how it grows with their number.
//
//     dotnet run -c Release --project bench/Joins -- [--ranks 250,500,1000,2000] [--repeat 3] [--json FILE]
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using BoxerMpi.Joins;

const string SeedFlag = "--seed-of";
if (args is [SeedFlag, string size])
    return await SeedProcess.RunAsync(int.Parse(size, CultureInfo.InvariantCulture));

int[] counts = [250, 500, 1000, 2000];
int repeats = 3;
string? json = null;
for (int i = 0; i < args.Length; i += 2)
{
    string? value = i + 1 < args.Length ? args[i + 1] : null;
    switch (args[i], value)
    {
        case ("--ranks", not null):
            counts = [.. value.Split(',').Select(count => int.Parse(count, CultureInfo.InvariantCulture))];
            break;
        case ("--repeat", not null):
            repeats = int.Parse(value, CultureInfo.InvariantCulture);
            break;
        case ("--json", not null):
            json = value;
            break;
        default:
            await Console.Error.WriteLineAsync("usage: Joins [--ranks N,N,...] [--repeat N] [--json FILE]");
            return 2;
    }
}

Console.WriteLine($"{Environment.ProcessorCount} processors, {Environment.OSVersion}, .NET {Environment.Version}; best of {repeats}");
Console.WriteLine("ranks   seed CPU s   of it before joins   us per join   joined in s   left in s");
List<Measurement> all = [];
foreach (int count in counts)
{
    Measurement? best = null;
    for (int i = 0; i < repeats; i++)
    {
        Measurement one = await MeasureAsync(count);
        if (best is null || one.SeedSeconds < best.SeedSeconds)
            best = one;
    }

    all.Add(best!);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{best!.Ranks,5}   {best.SeedSeconds,10:F3}   {best.StartUpSeconds,18:F3}   {best.MicrosecondsPerJoin,11:F0}   " +
        $"{best.JoinedSeconds,11:F3}   {best.LeftSeconds,9:F3}"));
}

if (json is not null)
    await File.WriteAllTextAsync(json, JsonSerializer.Serialize(all));
return 0;

static async Task<Measurement> MeasureAsync(int count)
{
    byte[] token = RandomNumberGenerator.GetBytes(32);
    ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
    if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
    start.ArgumentList.Add(SeedFlag);
    start.ArgumentList.Add(count.ToString(CultureInfo.InvariantCulture));
    using Process seed = Process.Start(start)!;
    try
    {
        // The token goes through a pipe: arguments can be read by anybody on the host.
        await seed.StandardInput.WriteLineAsync(Convert.ToHexString(token));
        await seed.StandardInput.FlushAsync();
        string[] ready = (await seed.StandardOutput.ReadLineAsync())!.Split(' ');
        (double joined, double left) = await JoinersProcess.RunAsync(IPEndPoint.Parse(ready[0]), token, count);
        double total = double.Parse((await seed.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        await seed.WaitForExitAsync();
        double startUp = double.Parse(ready[1], CultureInfo.InvariantCulture);
        return new Measurement(count, total, startUp, (total - startUp) / count * 1e6, joined, left);
    }
    finally
    {
        if (!seed.HasExited)
            seed.Kill();
    }
}

internal sealed record Measurement(
    int Ranks, double SeedSeconds, double StartUpSeconds, double MicrosecondsPerJoin, double JoinedSeconds, double LeftSeconds);
