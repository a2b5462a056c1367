"""What is wanted on AWS, what is there, the steps between the two, and taking them.

Create, repair, resume and destroy are one mechanism: `desired`, `actual`, `plan`, `apply`, again until the plan is empty.
"""
