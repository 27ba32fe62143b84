"""From the file that somebody has to the file that a runtime loads: recognise, convert, fix, quantize, guard."""
