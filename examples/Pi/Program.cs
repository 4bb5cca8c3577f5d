// boxer run -n 4 examples/Pi [STEPS]
//
// Pi as the integral of 4 / (1 + x^2) from 0 to 1 by the midpoint rule. Every rank takes each Size-th step; one Reduce adds the parts on
// rank 0, which checks the result: exit code 0 or 1.
using BoxerMpi;

return MpiProgram.Run(world =>
{
    if (!long.TryParse(args.FirstOrDefault() ?? "10000000", out long steps) || steps < 1)
        return world.Quit(2, $"pi: steps must be a positive number, not '{args[0]}'");

    double width = 1.0 / steps, part = 0;
    for (long step = world.Rank; step < steps; step += world.Size)
    {
        double x = (step + 0.5) * width;
        part += 4 / (1 + x * x);
    }

    double[] pi = [0];
    world.Reduce([part * width], pi, ReduceOp<double>.Sum, root: 0);
    if (world.Rank != 0)
        return 0;

    // The midpoint rule is off by about width^2 / 12 here; the rest is for rounding, which grows with the number of terms.
    double error = Math.Abs(pi[0] - Math.PI), tolerance = width * width / 6 + 1e-12;
    Console.WriteLine(
        $"pi is about {pi[0]:F12} by {steps} steps on {world.Size} ranks, off by {error:E1}: {(error <= tolerance ? "correct" : "WRONG")}");
    return error <= tolerance ? 0 : 1;
});
